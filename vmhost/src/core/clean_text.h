// SPDX-License-Identifier: GPL-3.0-or-later
// Text that somebody else's file had a part in, as it may be passed on and shown: UTF-8 (half a character would make a
// whole message unreadable), no control characters, and not too long. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tobari::vmhost {

// How many bytes the character at the beginning has; 0: none that is whole and printable.
[[nodiscard]] inline std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  // Longer than it needs to be, half of a pair, or beyond the last one.
  if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
      (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return size;
}

// With '?' for each byte that cannot stay.
[[nodiscard]] inline std::string clean_text(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::string_view part = size == 0 ? std::string_view("?") : text.substr(0, size);
    if (out.size() + part.size() > most) break;
    out += part;
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace tobari::vmhost
