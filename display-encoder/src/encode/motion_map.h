// SPDX-License-Identifier: GPL-3.0-or-later
// Which parts of the surface move: cells that change most of their pixels again and again. A cell begins to move with
// its fourth such change within half a second and is at rest after half a second without one.
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

  void reset(Size size);
  // One frame's changes, inside the surface.
  void note(const Region& changed, Time now);
  [[nodiscard]] bool moving(int column, int row, Time now) const;
  [[nodiscard]] const CellGrid& grid() const noexcept { return grid_; }

 private:
  struct Cell {
    std::array<Time, kChanges> changes{};  // a ring
    std::uint32_t count = 0;
    bool moving = false;
  };

  CellGrid grid_;
  std::vector<Cell> cells_;
  std::vector<long> covered_;
};

}  // namespace tobari::display
