// SPDX-License-Identifier: GPL-3.0-or-later
// Appends little-endian numbers, as every RDP structure wants them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::display {

using Bytes = std::vector<std::byte>;

inline void put_u8(Bytes& out, std::uint32_t value) { out.push_back(static_cast<std::byte>(value & 0xFFu)); }

inline void put_u16(Bytes& out, std::uint32_t value) {
  put_u8(out, value);
  put_u8(out, value >> 8);
}

inline void put_u32(Bytes& out, std::uint32_t value) {
  put_u16(out, value);
  put_u16(out, value >> 16);
}

// 0x00RRGGBB as the three bytes B, G, R.
inline void put_bgr(Bytes& out, std::uint32_t colour) {
  put_u16(out, colour);
  put_u8(out, colour >> 16);
}

inline void overwrite_u16(Bytes& out, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 2; ++i) out[at + i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFu);
}

inline void overwrite_u32(Bytes& out, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFu);
}

}  // namespace tobari::display
