// SPDX-License-Identifier: GPL-3.0-or-later
// Damage on its way from a desktop to SourceEvents: a few rectangles at a time, never more than kMaxRects.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <tobari/display/geometry.h>

namespace tobari::display {

class DamageBatch {
 public:
  static constexpr std::size_t kMaxRects = 64;

  // Empty rectangles are ignored, and so is what the last one covers; when it is full the last one grows.
  void add(const Rect& rect) noexcept {
    if (rect.empty()) return;
    if (count_ > 0 && intersect(rects_[count_ - 1], rect) == rect) return;
    if (count_ == kMaxRects) {
      rects_[count_ - 1] = unite(rects_[count_ - 1], rect);
    } else {
      rects_[count_++] = rect;
    }
  }
  void clear() noexcept { count_ = 0; }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] bool full() const noexcept { return count_ == kMaxRects; }
  [[nodiscard]] std::span<const Rect> rects() const noexcept { return std::span(rects_).first(count_); }

 private:
  std::array<Rect, kMaxRects> rects_{};
  std::size_t count_ = 0;
};

}  // namespace tobari::display
