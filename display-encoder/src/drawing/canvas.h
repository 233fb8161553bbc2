// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures that we draw ourselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

// An own picture. B, G, R, X in memory, rows without padding.
class Canvas {
 public:
  explicit Canvas(Size size) : size_(size), pixels_(static_cast<std::size_t>(size.area())) {}

  [[nodiscard]] Size size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t& at(int x, int y) noexcept { return pixels_[index(x, y)]; }
  [[nodiscard]] std::uint32_t at(int x, int y) const noexcept { return pixels_[index(x, y)]; }
  [[nodiscard]] std::uint32_t* row(int y) noexcept { return &pixels_[index(0, y)]; }
  [[nodiscard]] FrameView view() const noexcept;

  void fill(const Rect& rect, std::uint32_t colour);                            // clipped to the canvas
  void text(Point at, std::string_view text, int scale, std::uint32_t colour);  // 5x7 glyphs in 6x8 cells, clipped

 private:
  [[nodiscard]] std::size_t index(int x, int y) const noexcept {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size_.width) + static_cast<std::size_t>(x);
  }
  Size size_;
  std::vector<std::uint32_t> pixels_;
};

}  // namespace tobari::display
