// SPDX-License-Identifier: GPL-3.0-or-later
// A bounded set of pixels as disjoint rectangles. Exact while it is small: beyond kMaxRects it becomes coarser (some
// rectangles are replaced by their union's bounding boxes), never smaller. Damage is an upper bound, so that is safe.
// Value type, not thread safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tobari/display/geometry.h>

namespace tobari::display {

class Region {
 public:
  static constexpr std::size_t kMaxRects = 256;

  Region() = default;
  explicit Region(const Rect& rect) { add(rect); }

  void add(const Rect& rect);  // empty rectangles are ignored
  void add(const Region& other);
  void subtract(const Rect& rect);
  void clip(const Rect& to);
  void clear() noexcept {
    rects_.clear();
    overflows_ = 0;
  }

  [[nodiscard]] bool empty() const noexcept { return rects_.empty(); }
  [[nodiscard]] long area() const noexcept;
  [[nodiscard]] Rect bounding_box() const noexcept;
  [[nodiscard]] bool contains(Point p) const noexcept;
  [[nodiscard]] std::span<const Rect> rects() const noexcept { return rects_; }

 private:
  void cut_out(const Rect& rect);
  void coarsen();
  void join_nearest();
  void snap_to_grid();

  std::vector<Rect> rects_;
  int overflows_ = 0;  // since clear()
};

}  // namespace tobari::display
