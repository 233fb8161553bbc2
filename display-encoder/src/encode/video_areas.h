// SPDX-License-Identifier: GPL-3.0-or-later
// Where video plays: large connected areas of cells that move and are no drawing. Whether a cell is one is decided with
// every change of it, and only several looks in a row turn the answer: a cell does not change its codec with each
// frame, which would be seen as flicker and cost a burst of bytes each time. Text that moves inside a video's box stays
// text.
#pragma once

#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/geometry.h>
#include <tobari/display/region.h>

#include "encode/motion_map.h"

namespace tobari::display {

class VideoAreas {
 public:
  // Smaller areas are cheaper without loss than as video.
  static constexpr long kLeastPixels = 6L * CellGrid::kSide * CellGrid::kSide;
  // A look changes a cell's score by one; it turns video at kEnter and is video until it comes back to zero.
  static constexpr int kEnter = 3;
  static constexpr int kHighest = 5;

  void reset(Size size);

  // Looks at what `motion` has just noted; once a frame.
  void look(const MotionMap& motion, const FrameView& picture);

  // Whole cells: where video plays now.
  [[nodiscard]] Region find(const MotionMap& motion, MotionMap::Time now) const;

 private:
  enum class Content : std::uint8_t { kDrawn, kBetween, kRich };
  struct Cell {
    Content last = Content::kDrawn;
    std::int8_t score = 0;
    bool video = false;
    long pixels = 0;  // that changed last
  };
  struct Area {
    Rect box;  // in cells
    long pixels = 0;
  };
  using Marks = std::vector<bool>;

  [[nodiscard]] static Content content_of(const FrameView& picture, const Rect& rect);
  [[nodiscard]] Area take_connected(Marks& marked, Marks& taken, Point from) const;
  [[nodiscard]] Region cells_in(const Marks& marks) const;

  CellGrid grid_;
  std::vector<Cell> cells_;
};

}  // namespace tobari::display
