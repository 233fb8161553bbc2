// SPDX-License-Identifier: GPL-3.0-or-later
// The surface as cells of 64x64 pixels, for what is remembered of each part of it.
#pragma once

#include <cstddef>

#include <tobari/display/geometry.h>

namespace tobari::display {

struct CellGrid {
  static constexpr int kSide = 64;

  Size surface;
  int columns = 0;
  int rows = 0;

  CellGrid() = default;
  explicit CellGrid(Size of)
      : surface(of), columns((of.width + kSide - 1) / kSide), rows((of.height + kSide - 1) / kSide) {}

  [[nodiscard]] std::size_t count() const noexcept {
    return static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows);
  }
  [[nodiscard]] std::size_t index(int column, int row) const noexcept {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
  }
  // The cell's pixels, inside the surface.
  [[nodiscard]] Rect cell(int column, int row) const noexcept {
    return intersect({column * kSide, row * kSide, kSide, kSide}, bounds(surface));
  }
  // visit(index, part of the rectangle in that cell); the rectangle lies inside the surface.
  template <class Visit>
  void each(const Rect& rect, const Visit& visit) const {
    for (int row = rect.y / kSide; row * kSide < rect.bottom(); ++row) {
      for (int column = rect.x / kSide; column * kSide < rect.right(); ++column) {
        visit(index(column, row), intersect(rect, cell(column, row)));
      }
    }
  }
};

}  // namespace tobari::display
