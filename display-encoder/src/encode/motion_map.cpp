// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/motion_map.h"

#include <algorithm>

namespace tobari::display {

void MotionMap::reset(Size size) {
  size_ = size;
  columns_ = (size.width + kCell - 1) / kCell;
  rows_ = (size.height + kCell - 1) / kCell;
  cells_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), {});
  covered_.assign(cells_.size(), 0);
}

Rect MotionMap::cell(int column, int row) const noexcept {
  return intersect({column * kCell, row * kCell, kCell, kCell}, bounds(size_));
}

void MotionMap::note(const Region& changed, Time now) {
  std::ranges::fill(covered_, 0);
  for (const Rect& rect : changed.rects()) {
    for (int row = rect.y / kCell; row * kCell < rect.bottom(); ++row) {
      for (int column = rect.x / kCell; column * kCell < rect.right(); ++column) {
        covered_[index(column, row)] += intersect(rect, cell(column, row)).area();
      }
    }
  }
  for (int row = 0; row < rows_; ++row) {
    for (int column = 0; column < columns_; ++column) {
      const std::size_t at = index(column, row);
      if (covered_[at] * 2 < cell(column, row).area()) continue;
      Cell& state = cells_[at];
      if (state.count > 0 && now - state.changes[(state.count - 1) % kChanges] > kWindow) state = {};
      state.changes[state.count++ % kChanges] = now;
      if (state.count >= kChanges && now - state.changes[state.count % kChanges] <= kWindow) state.moving = true;
    }
  }
}

bool MotionMap::moving(int column, int row, Time now) const {
  const Cell& state = cells_[index(column, row)];
  return state.moving && now - state.changes[(state.count - 1) % kChanges] <= kWindow;
}

}  // namespace tobari::display
