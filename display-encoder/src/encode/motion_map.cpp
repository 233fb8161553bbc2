// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/motion_map.h"

#include <algorithm>

namespace tobari::display {

void MotionMap::reset(Size size) {
  grid_ = CellGrid(size);
  cells_.assign(grid_.count(), {});
  covered_.assign(grid_.count(), 0);
}

void MotionMap::note(const Region& changed, Time now) {
  std::ranges::fill(covered_, 0);
  for (const Rect& rect : changed.rects()) {
    grid_.each(rect, [this](std::size_t cell, const Rect& part) { covered_[cell] += part.area(); });
  }
  grid_.each(bounds(grid_.surface), [this, now](std::size_t cell, const Rect& pixels) {
    if (covered_[cell] * 2 < pixels.area()) return;
    Cell& state = cells_[cell];
    if (state.count > 0 && now - state.changes[(state.count - 1) % kChanges] > kWindow) state = {};
    state.changes[state.count++ % kChanges] = now;
    if (state.count >= kChanges && now - state.changes[state.count % kChanges] <= kWindow) state.moving = true;
  });
}

bool MotionMap::moving(int column, int row, Time now) const {
  const Cell& state = cells_[grid_.index(column, row)];
  return state.moving && now - state.changes[(state.count - 1) % kChanges] <= kWindow;
}

}  // namespace tobari::display
