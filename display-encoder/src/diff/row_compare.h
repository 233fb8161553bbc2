// SPDX-License-Identifier: GPL-3.0-or-later
// The inner loop of TileDiff: one row compared and copied, tile by tile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "watermark/mark_row.h"

namespace tobari::display {

inline constexpr int kTileSide = 64;
static_assert(kTileSide == kMarkPiece);

// What differed in one tile since clear(): columns by value (not zero: this column differs somewhere), rows by extent.
struct TileMarks {
  alignas(64) std::array<std::uint32_t, kTileSide> columns{};
  int first_row = -1;  // -1: nothing differs
  int last_row = -1;
};

// Compares pixels [from, to) of row `y`, with `mark` on them, and copies what differs from `live` to `kept`, in steps
// of one vector. Both point at the row's pixel 0; `marks` at the tile that holds pixel 0. What is copied is
// what was compared: a live pixel may change between two looks, and is not read again for the copy.
void compare_and_copy_row(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks,
                          const RowMark& mark = {});

// The same without SIMD: what the above is tested against.
void compare_and_copy_row_scalar(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks,
                                 const RowMark& mark = {});

}  // namespace tobari::display
