// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/video_areas.h"

#include <algorithm>

#include "encode/piece_map.h"

namespace tobari::display {

void VideoAreas::reset(Size size) {
  grid_ = CellGrid(size);
  cells_.assign(grid_.count(), {});
}

VideoAreas::Content VideoAreas::content_of(const FrameView& picture, const Rect& rect) {
  if (is_rich(picture, rect)) return Content::kRich;
  return has_many_colours(picture, rect) ? Content::kBetween : Content::kDrawn;
}

void VideoAreas::look(const MotionMap& motion, const FrameView& picture) {
  for (int y = 0; y < grid_.rows; ++y) {
    for (int x = 0; x < grid_.columns; ++x) {
      const Rect& part = motion.changed_part(x, y);
      if (part.empty()) continue;
      Cell& cell = cells_[grid_.index(x, y)];
      cell.last = content_of(picture, part);
      cell.pixels = part.area();
      if (cell.last == Content::kBetween) continue;
      const int step = cell.last == Content::kRich ? 1 : -1;
      cell.score = static_cast<std::int8_t>(std::clamp(cell.score + step, 0, kHighest));
      cell.video = cell.video ? cell.score > 0 : cell.score >= kEnter;
    }
  }
}

// Takes the cell and all marked ones that touch it out of `marked`, and marks them in `taken`.
VideoAreas::Area VideoAreas::take_connected(Marks& marked, Marks& taken, Point from) const {
  Area area;
  std::vector<Point> open{from};
  marked[grid_.index(from.x, from.y)] = false;
  while (!open.empty()) {
    const Point at = open.back();
    open.pop_back();
    taken[grid_.index(at.x, at.y)] = true;
    area.box = unite(area.box, {at.x, at.y, 1, 1});
    area.pixels += cells_[grid_.index(at.x, at.y)].pixels;
    for (int y = std::max(0, at.y - 1); y <= std::min(grid_.rows - 1, at.y + 1); ++y) {
      for (int x = std::max(0, at.x - 1); x <= std::min(grid_.columns - 1, at.x + 1); ++x) {
        if (!marked[grid_.index(x, y)]) continue;
        marked[grid_.index(x, y)] = false;
        open.push_back({x, y});
      }
    }
  }
  return area;
}

Region VideoAreas::find(const MotionMap& motion, MotionMap::Time now) const {
  Marks marked(grid_.count());
  for (int y = 0; y < grid_.rows; ++y) {
    for (int x = 0; x < grid_.columns; ++x) {
      marked[grid_.index(x, y)] = cells_[grid_.index(x, y)].video && motion.moving(x, y, now);
    }
  }
  Marks video(grid_.count());
  for (int y = 0; y < grid_.rows; ++y) {
    for (int x = 0; x < grid_.columns; ++x) {
      if (!marked[grid_.index(x, y)]) continue;
      Marks taken(grid_.count());
      const Area area = take_connected(marked, taken, {x, y});
      if (area.pixels < kLeastPixels) continue;
      // Flat parts of a video, its sky, are neither rich nor drawn.
      for (int row = area.box.y; row < area.box.bottom(); ++row) {
        for (int column = area.box.x; column < area.box.right(); ++column) {
          const std::size_t i = grid_.index(column, row);
          const bool flat = cells_[i].last == Content::kBetween && motion.moving(column, row, now);
          if (taken[i] || flat) video[i] = true;
        }
      }
    }
  }
  return cells_in(video);
}

Region VideoAreas::cells_in(const Marks& marks) const {
  Region region;
  for (int y = 0; y < grid_.rows; ++y) {
    for (int x = 0; x < grid_.columns;) {
      int end = x;
      while (end < grid_.columns && marks[grid_.index(end, y)]) ++end;
      if (end > x) region.add(unite(grid_.cell(x, y), grid_.cell(end - 1, y)));
      x = std::max(end, x + 1);
    }
  }
  return region;
}

}  // namespace tobari::display
