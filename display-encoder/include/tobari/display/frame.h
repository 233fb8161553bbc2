// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures. One pixel format everywhere: 4 bytes B, G, R, X in memory (little-endian 0xXXRRGGBB; X is undefined and
// compares as equal), rows `stride` bytes apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/geometry.h>

namespace tobari::display {

inline constexpr std::size_t kBytesPerPixel = 4;

// Somebody else's pixels; valid as long as whoever gave it says. The last row may be shorter than `stride`.
struct FrameView {
  const std::byte* pixels = nullptr;
  Size size;
  std::size_t stride = 0;  // bytes

  [[nodiscard]] const std::byte* row(int y) const noexcept { return pixels + static_cast<std::size_t>(y) * stride; }
  [[nodiscard]] const std::byte* at(int x, int y) const noexcept {
    return row(y) + static_cast<std::size_t>(x) * kBytesPerPixel;
  }
};

// At most 384x384 (the largest pointer that RDP carries); sources refuse more.
struct CursorShape {
  Size size;
  Point hotspot;
  std::vector<std::uint32_t> argb;  // 0xAARRGGBB, straight alpha, top row first; size.area() values
  friend bool operator==(const CursorShape&, const CursorShape&) = default;
};
inline constexpr int kMaxCursorSide = 384;

}  // namespace tobari::display
