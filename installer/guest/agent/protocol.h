// SPDX-License-Identifier: GPL-3.0-or-later
// The agent's protocol without I/O: bytes to lines, a line to a command. PROTOCOL.md is the text to it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tobari::guest {

inline constexpr std::size_t kMaxLine = 1024;
inline constexpr std::uint32_t kMinSide = 200;  // the limits of RDP's display control channel
inline constexpr std::uint32_t kMaxSide = 8192;
inline constexpr std::uint64_t kMaxMilliseconds = 253'402'300'799'999;  // the end of the year 9999

struct Hello {};
struct Hostname {
  std::string name;
};
struct Identity {
  std::string name;
  std::string machine_id;    // 32 hex digits
  std::string milliseconds;  // since 1970
  std::string seed;          // 64 hex digits
};
struct Settle {};
struct Clock {
  std::string milliseconds;  // since 1970
};
struct Home {
  std::string kind;  // "disk" or "folder"
  std::string name;  // the disk's serial number, or the folder's tag
};
struct LogOff {};
struct Resize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
struct Shutdown {};
struct Ping {
  std::uint64_t number = 0;
};
using Command = std::variant<Hello, Hostname, Identity, Settle, Clock, Home, LogOff, Resize, Shutdown, Ping>;

// The text after "error ": the command as far as it was understood, and a reason of one word.
using Refusal = std::string;

// Cuts a byte stream into lines. Holds at most one line; the rest of a longer one is skipped.
class LineReader {
 public:
  // The next whole line without its newline; an empty optional inside means one that was too long.
  // Takes the bytes that it used from the front of input; returns nothing when more bytes are needed.
  std::optional<std::optional<std::string>> next(std::string_view& input) {
    const auto end = input.find('\n');
    const auto part = input.substr(0, end);
    if (!too_long_ && line_.size() + part.size() > kMaxLine) {
      too_long_ = true;
      line_.clear();
    }
    if (!too_long_) line_ += part;
    if (end == std::string_view::npos) {
      input = {};
      return std::nullopt;
    }
    input.remove_prefix(end + 1);
    if (std::exchange(too_long_, false)) return std::optional<std::string>{};
    return std::exchange(line_, {});
  }

  void reset() {
    line_.clear();
    too_long_ = false;
  }

 private:
  std::string line_;
  bool too_long_ = false;
};

// An RFC 1123 label: letters, digits and inner hyphens, 1 to 63 of them.
inline bool is_host_label(std::string_view name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 63 && alphanumeric(name.front()) && alphanumeric(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return alphanumeric(c) || c == '-'; });
}

inline bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Of a disk or a folder: 1 to 31 of [a-z0-9-], what 9p and virtio have room for.
inline bool is_device_word(std::string_view text) {
  return !text.empty() && text.size() <= 31 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

inline std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const auto space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

inline std::expected<Command, Refusal> parse_command(std::string_view line) {
  if (!std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; })) return std::unexpected("line not-ascii");
  const auto words = split_words(line);
  const auto count = words.size();
  const auto refuse = [&](std::string_view reason) {
    return std::unexpected(std::string(words[0]) + " " + std::string(reason));
  };

  if (words[0] == "hello") {
    if (count != 2) return refuse("arguments");
    if (words[1] != "1") return refuse("version");
    return Hello{};
  }
  if (words[0] == "hostname") {
    if (count != 2) return refuse("arguments");
    if (!is_host_label(words[1])) return refuse("name");
    return Hostname{std::string(words[1])};
  }
  if (words[0] == "identity") {
    if (count != 5) return refuse("arguments");
    if (!is_host_label(words[1])) return refuse("name");
    const auto time = parse_number<std::uint64_t>(words[3]);
    if (!is_hex(words[2], 32) || !time || *time > kMaxMilliseconds || !is_hex(words[4], 64)) return refuse("number");
    return Identity{std::string(words[1]), std::string(words[2]), std::string(words[3]), std::string(words[4])};
  }
  if (words[0] == "settle") {
    if (count != 1) return refuse("arguments");
    return Settle{};
  }
  if (words[0] == "clock") {
    if (count != 2) return refuse("arguments");
    const auto time = parse_number<std::uint64_t>(words[1]);
    if (!time || *time > kMaxMilliseconds) return refuse("number");
    return Clock{std::string(words[1])};
  }
  if (words[0] == "home") {
    if (count != 3) return refuse("arguments");
    if ((words[1] != "disk" && words[1] != "folder") || !is_device_word(words[2])) return refuse("name");
    return Home{std::string(words[1]), std::string(words[2])};
  }
  if (words[0] == "log-off") {
    if (count != 1) return refuse("arguments");
    return LogOff{};
  }
  if (words[0] == "resize") {
    if (count != 3) return refuse("arguments");
    const auto width = parse_number<std::uint32_t>(words[1]);
    const auto height = parse_number<std::uint32_t>(words[2]);
    const auto fits = [](const auto& side) { return side && *side >= kMinSide && *side <= kMaxSide; };
    if (!fits(width) || !fits(height)) return refuse("size");
    return Resize{*width, *height};
  }
  if (words[0] == "shutdown") {
    if (count != 1) return refuse("arguments");
    return Shutdown{};
  }
  if (words[0] == "ping") {
    if (count != 2) return refuse("arguments");
    const auto number = parse_number<std::uint64_t>(words[1]);
    if (!number) return refuse("number");
    return Ping{*number};
  }
  return std::unexpected("line unknown");  // the peer's word is not echoed
}

}  // namespace tobari::guest
