// SPDX-License-Identifier: GPL-3.0-or-later
// A picture that a test keeps, and the first place where two of them differ.
#pragma once

#include <cstdint>
#include <cstring>
#include <format>
#include <string>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

struct Picture {
  Size size;
  std::vector<std::uint32_t> rgb;  // 0x00RRGGBB

  [[nodiscard]] std::uint32_t at(int x, int y) const {
    return rgb[static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(x)];
  }
};

inline Picture keep(const FrameView& view) {
  Picture picture{view.size, {}};
  picture.rgb.reserve(static_cast<std::size_t>(view.size.area()));
  for (int y = 0; y < view.size.height; ++y) {
    for (int x = 0; x < view.size.width; ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, view.at(x, y), sizeof pixel);
      picture.rgb.push_back(pixel & 0xFFFFFFU);
    }
  }
  return picture;
}

// Empty when they are equal.
inline std::string difference(const Picture& a, const Picture& b) {
  if (a.size != b.size) {
    return std::format("{}x{} against {}x{}", a.size.width, a.size.height, b.size.width, b.size.height);
  }
  std::size_t count = 0;
  std::string first;
  for (int y = 0; y < a.size.height; ++y) {
    for (int x = 0; x < a.size.width; ++x) {
      if (a.at(x, y) == b.at(x, y)) continue;
      if (count++ == 0) first = std::format("at {},{}: {:06x} against {:06x}", x, y, a.at(x, y), b.at(x, y));
    }
  }
  return count == 0 ? std::string() : std::format("{} pixels differ, first {}", count, first);
}

}  // namespace tobari::display
