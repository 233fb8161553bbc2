// SPDX-License-Identifier: GPL-3.0-or-later
// Which parts of the surface move: cells of which a good part changes again and again. A cell begins to move with its
// fourth such change within half a second and is at rest after half a second without one. How much must change is
// little on purpose: the edges of a moving picture reach into cells by a few pixels only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/region.h>

#include "encode/cell_grid.h"

namespace tobari::display {

class MotionMap {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kChanges = 4;
  static constexpr std::chrono::milliseconds kWindow{500};
  static constexpr long kLeastPart = 32;  // a change counts when it is at least one in so many of the cell's pixels

  void reset(Size size);
  // One frame's changes, inside the surface.
  void note(const Region& changed, Time now);
  [[nodiscard]] bool moving(int column, int row, Time now) const;
  // What the last note() counted as a change of this cell: a box around it; empty when it did not.
  [[nodiscard]] const Rect& changed_part(int column, int row) const { return cells_[grid_.index(column, row)].part; }
  [[nodiscard]] const CellGrid& grid() const noexcept { return grid_; }

 private:
  struct Cell {
    std::array<Time, kChanges> changes{};  // a ring
    std::uint32_t count = 0;
    bool moving = false;
    Rect part;
    long covered = 0;
  };

  CellGrid grid_;
  std::vector<Cell> cells_;
};

}  // namespace tobari::display
