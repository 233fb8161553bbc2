// SPDX-License-Identifier: GPL-3.0-or-later
// Pixels, sizes and rectangles. Units are pixels; the origin is top left; a Rect is [x, x+width) x [y, y+height).
#pragma once

#include <algorithm>

namespace tobari::display {

// Largest desktop side; peers' sizes beyond it are refused. Keeps every product of two sides inside an int.
inline constexpr int kMaxSide = 16384;

struct Point {
  int x = 0;
  int y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Size {
  int width = 0;
  int height = 0;
  [[nodiscard]] bool valid() const noexcept {
    return width > 0 && height > 0 && width <= kMaxSide && height <= kMaxSide;
  }
  [[nodiscard]] long area() const noexcept { return static_cast<long>(width) * height; }
  friend bool operator==(const Size&, const Size&) = default;
};

struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  [[nodiscard]] int right() const noexcept { return x + width; }
  [[nodiscard]] int bottom() const noexcept { return y + height; }
  [[nodiscard]] bool empty() const noexcept { return width <= 0 || height <= 0; }
  [[nodiscard]] long area() const noexcept { return empty() ? 0 : static_cast<long>(width) * height; }
  friend bool operator==(const Rect&, const Rect&) = default;
};

[[nodiscard]] inline Rect intersect(const Rect& a, const Rect& b) noexcept {
  const int x = std::max(a.x, b.x);
  const int y = std::max(a.y, b.y);
  const Rect r{x, y, std::min(a.right(), b.right()) - x, std::min(a.bottom(), b.bottom()) - y};
  return r.empty() ? Rect{} : r;
}

[[nodiscard]] inline Rect unite(const Rect& a, const Rect& b) noexcept {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const int x = std::min(a.x, b.x);
  const int y = std::min(a.y, b.y);
  return {x, y, std::max(a.right(), b.right()) - x, std::max(a.bottom(), b.bottom()) - y};
}

[[nodiscard]] inline Rect bounds(Size size) noexcept { return {0, 0, size.width, size.height}; }

}  // namespace tobari::display
