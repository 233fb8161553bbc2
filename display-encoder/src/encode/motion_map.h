// SPDX-License-Identifier: GPL-3.0-or-later
// Which parts of the surface move: cells of 64x64 pixels that change most of their pixels again and again. A cell
// begins to move with its fourth such change within half a second and is at rest after half a second without one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/region.h>

namespace tobari::display {

class MotionMap {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr int kCell = 64;
  static constexpr std::size_t kChanges = 4;
  static constexpr std::chrono::milliseconds kWindow{500};

  void reset(Size size);
  // One frame's changes.
  void note(const Region& changed, Time now);
  [[nodiscard]] bool moving(int column, int row, Time now) const;

  [[nodiscard]] int columns() const noexcept { return columns_; }
  [[nodiscard]] int rows() const noexcept { return rows_; }
  // The cell's pixels, inside the surface.
  [[nodiscard]] Rect cell(int column, int row) const noexcept;
  [[nodiscard]] std::size_t index(int column, int row) const noexcept {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column);
  }

 private:
  struct Cell {
    std::array<Time, kChanges> changes{};  // a ring
    std::uint32_t count = 0;
    bool moving = false;
  };

  Size size_;
  int columns_ = 0;
  int rows_ = 0;
  std::vector<Cell> cells_;
  std::vector<long> covered_;
};

}  // namespace tobari::display
