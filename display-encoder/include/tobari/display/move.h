// SPDX-License-Identifier: GPL-3.0-or-later
// A displacement of pixels on a surface: a scroll, a dragged window.
#pragma once

#include <tobari/display/geometry.h>

namespace tobari::display {

// Every pixel p of `to` shows what was at p - by. Both rectangles lie inside the surface and may overlap; `by` is not
// (0, 0). Several moves are carried out one after the other, each on what the one before left.
struct Move {
  Rect to;
  Point by;

  [[nodiscard]] Rect from() const noexcept { return {to.x - by.x, to.y - by.y, to.width, to.height}; }
  friend bool operator==(const Move&, const Move&) = default;
};

}  // namespace tobari::display
