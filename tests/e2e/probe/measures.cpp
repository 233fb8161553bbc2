// SPDX-License-Identifier: GPL-3.0-or-later
#include "measures.h"

#include <algorithm>
#include <format>

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

std::string Samples::json() const {
  std::vector<double> sorted = ms_;
  std::ranges::sort(sorted);
  const auto at = [&sorted](double share) {
    return sorted.empty() ? -1.0
                          : sorted[std::min(sorted.size() - 1,
                                            static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
  };
  return std::format(R"({{"n":{},"p50":{:.1f},"p95":{:.1f},"p99":{:.1f},"max":{:.1f}}})", sorted.size(), at(0.5),
                     at(0.95), at(0.99), sorted.empty() ? -1.0 : sorted.back());
}

}  // namespace tobari::probe
