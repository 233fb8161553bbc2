// SPDX-License-Identifier: GPL-3.0-or-later
// The invisible mark as a pattern of two levels, the same in every square of kPatternPeriod pixels, constant in cells
// of kPatternCell. What it is made of, and why: docs/WATERMARK.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::watermark {

inline constexpr int kPatternPeriod = 256;  // pixels
inline constexpr int kPatternCell = 4;
inline constexpr int kPatternCells = kPatternPeriod / kPatternCell;

// A raised pixel is so many levels brighter than one that is not. With `q` = level / 64 a level becomes level - q, and
// 3 more where the pattern is raised: never out of range, the same step for every level from black to white.
inline constexpr int kPatternStep = 3;

// Immutable once made; making it takes some milliseconds.
class MarkPattern {
 public:
  explicit MarkPattern(std::uint64_t number);

  // 0 <= cell < kPatternCells
  [[nodiscard]] bool raised(int cell_x, int cell_y) const noexcept {
    return raised_[static_cast<std::size_t>(cell_y * kPatternCells + cell_x)] != 0;
  }

 private:
  std::vector<std::uint8_t> raised_;
};

}  // namespace tobari::watermark
