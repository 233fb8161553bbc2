// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/video_areas.h"

#include <algorithm>

#include "encode/piece_map.h"

namespace tobari::display {

namespace {

struct Area {
  Rect box;
  int cells = 0;
};

// Takes the cell and all marked ones that touch it.
Area take_connected(const CellGrid& grid, std::vector<bool>& marked, Point from) {
  Area area;
  std::vector<Point> open{from};
  marked[grid.index(from.x, from.y)] = false;
  while (!open.empty()) {
    const Point at = open.back();
    open.pop_back();
    area.box = unite(area.box, grid.cell(at.x, at.y));
    ++area.cells;
    for (int y = std::max(0, at.y - 1); y <= std::min(grid.rows - 1, at.y + 1); ++y) {
      for (int x = std::max(0, at.x - 1); x <= std::min(grid.columns - 1, at.x + 1); ++x) {
        if (!marked[grid.index(x, y)]) continue;
        marked[grid.index(x, y)] = false;
        open.push_back({x, y});
      }
    }
  }
  return area;
}

}  // namespace

std::vector<Rect> video_areas(const MotionMap& motion, const FrameView& picture, MotionMap::Time now) {
  const CellGrid& grid = motion.grid();
  std::vector<bool> marked(grid.count());
  for (int y = 0; y < grid.rows; ++y) {
    for (int x = 0; x < grid.columns; ++x) {
      marked[grid.index(x, y)] = motion.moving(x, y, now) && classify(picture, grid.cell(x, y)).kind == Kind::kRich;
    }
  }
  std::vector<Rect> areas;
  for (int y = 0; y < grid.rows; ++y) {
    for (int x = 0; x < grid.columns; ++x) {
      if (!marked[grid.index(x, y)]) continue;
      const Area area = take_connected(grid, marked, {x, y});
      if (area.cells >= kMinVideoCells) areas.push_back(area.box);
    }
  }
  return areas;
}

}  // namespace tobari::display
