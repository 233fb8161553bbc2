// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard port's messages without I/O (PROTOCOL.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tobari::guest::clipboard {

inline constexpr std::size_t kHeader = 12;
inline constexpr std::size_t kMaxPayload = std::size_t{64} * 1024;
inline constexpr std::size_t kFormats = 4;  // text, RTF, HTML, image
inline constexpr std::uint8_t kLast = 1;

enum class Type : std::uint8_t { kHello = 1, kOffer = 2, kAsk = 3, kData = 4, kNone = 5 };

struct Message {
  Type type{};
  std::uint8_t format = 0;
  bool last = false;
  std::uint32_t id = 0;
  std::string payload;
};

inline std::uint64_t number(std::string_view octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(octets[i])} << (8 * i);
  }
  return value;
}

inline void put(std::string& out, std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i));
}

inline std::string encoded(const Message& message) {
  std::string out;
  put(out, message.payload.size(), 4);
  put(out, static_cast<std::uint8_t>(message.type), 1);
  put(out, message.format, 1);
  put(out, message.last ? kLast : 0, 1);
  put(out, 0, 1);
  put(out, message.id, 4);
  return out + message.payload;
}

// Takes the first whole message from the front of `bytes`. Nothing: more are needed, or (`bad`) it is malformed.
inline std::optional<Message> take(std::string& bytes, bool& bad) {
  const std::string_view all = bytes;
  if (all.size() < kHeader) return std::nullopt;
  const std::size_t length = number(all.substr(0, 4));
  Message message;
  const auto type = static_cast<std::uint8_t>(all[4]);
  message.type = static_cast<Type>(type);
  message.format = static_cast<std::uint8_t>(all[5]);
  message.last = (static_cast<std::uint8_t>(all[6]) & kLast) != 0;
  message.id = static_cast<std::uint32_t>(number(all.substr(8, 4)));
  bad = type < 1 || type > 5 || length > kMaxPayload || message.format >= kFormats;
  if (bad || all.size() < kHeader + length) return std::nullopt;
  message.payload = all.substr(kHeader, length);
  bytes.erase(0, kHeader + length);
  return message;
}

}  // namespace tobari::guest::clipboard
