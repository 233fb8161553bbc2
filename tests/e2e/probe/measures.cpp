// SPDX-License-Identifier: GPL-3.0-or-later
#include "measures.h"

namespace tobari::probe {
namespace {
constexpr int kCell = 16;
}

void Coverage::resize(int width, int height) {
  width_ = width;
  height_ = height;
  columns_ = (width + kCell - 1) / kCell;
  const int rows = (height + kCell - 1) / kCell;
  painted_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows), false);
  missing_ = painted_.size();
}

void Coverage::paint(int x, int y, int width, int height) {
  const int right = x + width >= width_ ? columns_ * kCell : x + width;
  const int bottom = y + height >= height_ ? (height_ + kCell - 1) / kCell * kCell : y + height;
  for (int row = (y + kCell - 1) / kCell; (row + 1) * kCell <= bottom; ++row) {
    for (int column = (x + kCell - 1) / kCell; (column + 1) * kCell <= right; ++column) {
      const auto at =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column);
      if (at >= painted_.size() || painted_[at]) continue;
      painted_[at] = true;
      --missing_;
    }
  }
}

}  // namespace tobari::probe
