// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/motion_map.h"

namespace tobari::display {

void MotionMap::reset(Size size) {
  grid_ = CellGrid(size);
  cells_.assign(grid_.count(), {});
}

void MotionMap::note(const Region& changed, Time now) {
  for (Cell& cell : cells_) {
    cell.covered = 0;
    cell.part = {};
  }
  for (const Rect& rect : changed.rects()) {
    grid_.each(rect, [this](std::size_t index, const Rect& part) {
      cells_[index].covered += part.area();
      cells_[index].part = unite(cells_[index].part, part);
    });
  }
  grid_.each(bounds(grid_.surface), [this, now](std::size_t index, const Rect& pixels) {
    Cell& cell = cells_[index];
    if (cell.covered == 0) return;
    if (cell.covered * kLeastPart < pixels.area()) {
      cell.part = {};
      return;
    }
    if (cell.count > 0 && now - cell.changes[(cell.count - 1) % kChanges] > kWindow) {
      cell.count = 0;
      cell.moving = false;
    }
    cell.changes[cell.count++ % kChanges] = now;
    if (cell.count >= kChanges && now - cell.changes[cell.count % kChanges] <= kWindow) cell.moving = true;
  });
}

bool MotionMap::moving(int column, int row, Time now) const {
  const Cell& cell = cells_[grid_.index(column, row)];
  return cell.moving && now - cell.changes[(cell.count - 1) % kChanges] <= kWindow;
}

}  // namespace tobari::display
