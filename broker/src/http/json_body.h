// SPDX-License-Identifier: GPL-3.0-or-later
// A request's JSON object, member by member. Strict: duplicate and unknown members, wrong types, deep nesting and
// anything out of range are refused, each with a sentence that names the member. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <tobari/base/result.h>

namespace tobari::broker {

inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
inline constexpr int kMaxJsonDepth = 8;

// One JSON text of any kind. kPeerProtocol: no JSON, too deep, too large, or with a member twice.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);

class JsonBody {
 public:
  [[nodiscard]] static Result<JsonBody> parse(std::string_view text);

  // kInvalidArgument when the member is missing, of another type or longer than `max_bytes`.
  [[nodiscard]] Result<std::string> text(const char* member, std::size_t max_bytes);
  // The same for members that may be left out.
  [[nodiscard]] Result<std::optional<std::string>> optional_text(const char* member, std::size_t max_bytes);
  // A list of `least` to `most` texts.
  [[nodiscard]] Result<std::vector<std::string>> texts(const char* member, std::size_t least, std::size_t most,
                                                       std::size_t max_bytes);
  [[nodiscard]] Result<std::optional<std::vector<std::string>>> optional_texts(const char* member, std::size_t most,
                                                                               std::size_t max_bytes);
  [[nodiscard]] Result<std::uint32_t> number(const char* member, std::uint32_t least, std::uint32_t most,
                                             std::uint32_t otherwise);
  [[nodiscard]] Result<std::optional<std::uint32_t>> optional_number(const char* member, std::uint32_t least,
                                                                     std::uint32_t most);
  [[nodiscard]] Result<std::optional<bool>> optional_flag(const char* member);
  // An object as text, at most so long; null is the empty text.
  [[nodiscard]] Result<std::optional<std::string>> optional_object(const char* member, std::size_t max_bytes);
  // After all members were asked for: whatever is left is unknown.
  [[nodiscard]] Result<void> finish() const;

 private:
  explicit JsonBody(nlohmann::json object) : object_(std::move(object)) {}
  const nlohmann::json* find(const char* member);
  [[nodiscard]] static Result<std::string> text_of(const nlohmann::json& value, const char* member,
                                                   std::size_t max_bytes);

  nlohmann::json object_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace tobari::broker
