// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storable.h"

#include <array>
#include <cstdint>

namespace tobari::broker {
namespace {

// How many bytes the character at the beginning of `text` has; 0: it is none (RFC 3629, section 4), or a zero.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first != 0 && first < 0x80) return 1;
  struct Range {
    unsigned first, last;           // of the first byte
    unsigned char second_from, to;  // of the second; the others are 80..BF
    std::size_t bytes;
  };
  constexpr std::array kRanges{Range{0xc2, 0xdf, 0x80, 0xbf, 2}, Range{0xe0, 0xe0, 0xa0, 0xbf, 3},
                               Range{0xe1, 0xec, 0x80, 0xbf, 3}, Range{0xed, 0xed, 0x80, 0x9f, 3},
                               Range{0xee, 0xef, 0x80, 0xbf, 3}, Range{0xf0, 0xf0, 0x90, 0xbf, 4},
                               Range{0xf1, 0xf3, 0x80, 0xbf, 4}, Range{0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (const Range& range : kRanges) {
    if (first < range.first || first > range.last) continue;
    if (text.size() < range.bytes || at(1) < range.second_from || at(1) > range.to) return 0;
    for (std::size_t i = 2; i < range.bytes; ++i) {
      if (at(i) < 0x80 || at(i) > 0xbf) return 0;
    }
    return range.bytes;
  }
  return 0;
}

}  // namespace

bool is_storable(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string made_storable(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      made += "\xef\xbf\xbd";
    } else {
      made += text.substr(0, bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return made;
}

}  // namespace tobari::broker
