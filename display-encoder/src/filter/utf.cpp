// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/utf.h"

#include <cstdint>

namespace tobari::display {
namespace {

constexpr char32_t kHighSurrogate = 0xD800, kLowSurrogate = 0xDC00, kAfterSurrogates = 0xE000;
constexpr char32_t kSupplementary = 0x10000, kEnd = 0x110000;

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&out, c](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < kSupplementary) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Takes one character from the front; kEnd when there is none that is well formed.
char32_t take(std::string_view& text) noexcept {
  const auto octet = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = octet(0);
  if (first < 0x80) {
    text.remove_prefix(1);
    return first;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return kEnd;
  char32_t c = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0U) != 0x80U) return kEnd;
    c = c << 6 | (octet(i) & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, kSupplementary};
  if (c < kLeast[length] || c >= kEnd || (c >= kHighSurrogate && c < kAfterSurrogates)) return kEnd;
  text.remove_prefix(length);
  return c;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (take(text) == kEnd) return false;
  }
  return true;
}

Result<std::string> utf8_from_utf16(std::span<const std::byte> units) {
  if (units.size() % 2 != 0) return fail(Errc::kPeerProtocol, "text that is cut in the middle of a character");
  const auto unit = [units](std::size_t i) -> char32_t {
    const auto low = std::to_integer<char32_t>(units[i]);
    return low | std::to_integer<char32_t>(units[i + 1]) << 8;
  };
  std::string text;
  text.reserve(units.size() / 2);
  for (std::size_t i = 0; i < units.size(); i += 2) {
    char32_t c = unit(i);
    if (c == 0) break;
    if (c >= kHighSurrogate && c < kAfterSurrogates) {
      const bool pair = c < kLowSurrogate && i + 2 < units.size();
      const char32_t low = pair ? unit(i + 2) : 0;
      if (low < kLowSurrogate || low >= kAfterSurrogates)
        return fail(Errc::kPeerProtocol, "text with half a character");
      c = kSupplementary + ((c - kHighSurrogate) << 10 | (low - kLowSurrogate));
      i += 2;
    }
    append_utf8(text, c);
  }
  return text;
}

std::vector<std::byte> utf16_from_utf8(std::string_view text) {
  std::vector<std::byte> units;
  units.reserve((text.size() + 1) * 2);
  const auto put = [&units](char32_t unit) {
    units.push_back(static_cast<std::byte>(unit & 0xFF));
    units.push_back(static_cast<std::byte>(unit >> 8));
  };
  while (!text.empty()) {
    const char32_t c = take(text);
    if (c == kEnd) break;
    if (c < kSupplementary) {
      put(c);
    } else {
      put(kHighSurrogate + ((c - kSupplementary) >> 10));
      put(kLowSurrogate + ((c - kSupplementary) & 0x3FF));
    }
  }
  put(0);
  return units;
}

}  // namespace tobari::display
