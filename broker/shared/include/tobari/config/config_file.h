// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon's configuration: one YAML file of "key: value" lines. Every message names the file, and the line where there
// is one. Value type, not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/log.h>
#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

namespace tobari {

class ConfigFile {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxListed = 64;

  // `keys`: all that may occur; another is kInvalidArgument and lists these. kNotFound: no such file.
  [[nodiscard]] static Result<ConfigFile> load(const std::filesystem::path& file,
                                               std::span<const std::string_view> keys);
  // The same of a text; `name` stands for the file in messages.
  [[nodiscard]] static Result<ConfigFile> parse(const std::string& yaml, std::string name,
                                                std::span<const std::string_view> keys);

  [[nodiscard]] bool has(std::string_view key) const { return entries_.contains(key); }
  // For keys that may have one value or several.
  [[nodiscard]] bool is_list(std::string_view key) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.is_list;
  }

  // kInvalidArgument when the key is missing or its value is not of this kind.
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  [[nodiscard]] Result<net::Endpoint> endpoint(std::string_view key) const;         // ADDRESS:PORT
  [[nodiscard]] Result<std::filesystem::path> folder(std::string_view key) const;   // an absolute path
  [[nodiscard]] Result<std::vector<std::string>> list(std::string_view key) const;  // 1 to kMaxListed texts

  // A list of maps, each with exactly `fields`, none of them empty, in the order of `fields`. A missing key: none.
  [[nodiscard]] Result<std::vector<std::vector<std::string>>> records(std::string_view key,
                                                                      std::span<const std::string_view> fields,
                                                                      std::size_t most) const;

  // A missing key is `otherwise`. A text may be empty here.
  [[nodiscard]] Result<std::string> text_or(std::string_view key, std::string otherwise) const;
  [[nodiscard]] Result<std::uint32_t> number_or(std::string_view key, std::uint32_t otherwise) const;
  // Where to listen, for this machine alone unless an address is given: "9464" is 127.0.0.1:9464.
  [[nodiscard]] Result<std::optional<net::Endpoint>> loopback_endpoint(std::string_view key) const;
  [[nodiscard]] Result<log::Level> log_level_or(std::string_view key, log::Level otherwise) const;

  // An error about this key's value: "FILE:LINE: 'KEY' PROBLEM". PROBLEM says what to write instead.
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, std::string_view problem) const;

 private:
  struct Entry {
    int line = 0;
    bool is_list = false;
    std::vector<std::string> values;                                      // one unless it is a list
    std::vector<std::map<std::string, std::string, std::less<>>> maps{};  // of a list of maps of texts
  };

  explicit ConfigFile(std::string name) : name_(std::move(name)) {}

  std::string name_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace tobari
