// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/row_compare.h"

#include <algorithm>
#include <cstring>

// Highway compiles what stands between BEFORE and AFTER once for each instruction set, by including this file again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "diff/row_compare.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Takes one vector over; true when it differed.
template <class D>
HWY_INLINE bool take(D d, hn::Vec<D> now, hn::Vec<D> difference, std::uint32_t* kept, std::uint32_t* columns) {
  if (hn::AllTrue(d, hn::Eq(difference, hn::Zero(d)))) return false;
  hn::StoreU(now, d, kept);
  hn::StoreU(hn::Or(difference, hn::LoadU(d, columns)), d, columns);
  return true;
}

// Pixels of one tile's row. The loaded vector is both what is compared and what is stored: nothing is read again.
bool compare_segment(const std::uint32_t* live, std::uint32_t* kept, std::size_t count, std::uint32_t* columns) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto colour = hn::Set(d, 0x00FFFFFFu);  // the X byte does not count
  bool any = false;
  std::size_t i = 0;
  // Four at once: one branch for a whole row of a tile when nothing changed, which is nearly always.
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const auto now_0 = hn::LoadU(d, live + i);
    const auto now_1 = hn::LoadU(d, live + i + lanes);
    const auto now_2 = hn::LoadU(d, live + i + 2 * lanes);
    const auto now_3 = hn::LoadU(d, live + i + 3 * lanes);
    const auto difference_0 = hn::And(hn::Xor(now_0, hn::LoadU(d, kept + i)), colour);
    const auto difference_1 = hn::And(hn::Xor(now_1, hn::LoadU(d, kept + i + lanes)), colour);
    const auto difference_2 = hn::And(hn::Xor(now_2, hn::LoadU(d, kept + i + 2 * lanes)), colour);
    const auto difference_3 = hn::And(hn::Xor(now_3, hn::LoadU(d, kept + i + 3 * lanes)), colour);
    const auto all = hn::Or(hn::Or(difference_0, difference_1), hn::Or(difference_2, difference_3));
    if (HWY_LIKELY(hn::AllTrue(d, hn::Eq(all, hn::Zero(d))))) continue;
    any = true;
    take(d, now_0, difference_0, kept + i, columns + i);
    take(d, now_1, difference_1, kept + i + lanes, columns + i + lanes);
    take(d, now_2, difference_2, kept + i + 2 * lanes, columns + i + 2 * lanes);
    take(d, now_3, difference_3, kept + i + 3 * lanes, columns + i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) {
    const auto now = hn::LoadU(d, live + i);
    const auto difference = hn::And(hn::Xor(now, hn::LoadU(d, kept + i)), colour);
    if (take(d, now, difference, kept + i, columns + i)) any = true;
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const auto now = hn::LoadN(d, live + i, rest);
    const auto difference = hn::And(hn::Xor(now, hn::LoadN(d, kept + i, rest)), colour);
    if (!hn::AllTrue(d, hn::Eq(difference, hn::Zero(d)))) {
      hn::StoreN(now, d, kept + i, rest);
      hn::StoreN(hn::Or(difference, hn::LoadN(d, columns + i, rest)), d, columns + i, rest);
      any = true;
    }
  }
  return any;
}

void compare_row(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks) {
  const auto* source = reinterpret_cast<const std::uint32_t*>(live);
  auto* copy = reinterpret_cast<std::uint32_t*>(kept);
  while (from < to) {
    const int end = std::min(to, (from / kTileSide + 1) * kTileSide);
    TileMarks& tile = marks[from / kTileSide];
    if (compare_segment(source + from, copy + from, static_cast<std::size_t>(end - from),
                        tile.columns.data() + from % kTileSide)) {
      if (tile.first_row < 0) tile.first_row = y;
      tile.last_row = y;
    }
    from = end;
  }
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(compare_row);

void compare_and_copy_row(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks) {
  HWY_DYNAMIC_DISPATCH(compare_row)(live, kept, from, to, y, marks);
}

void compare_and_copy_row_scalar(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks) {
  for (int x = from; x < to; ++x) {
    const std::size_t offset = static_cast<std::size_t>(x) * sizeof(std::uint32_t);
    std::uint32_t now = 0;
    std::uint32_t before = 0;
    std::memcpy(&now, live + offset, sizeof now);
    std::memcpy(&before, kept + offset, sizeof before);
    const std::uint32_t difference = (now ^ before) & 0x00FFFFFFu;
    if (difference == 0) continue;
    std::memcpy(kept + offset, &now, sizeof now);
    TileMarks& tile = marks[x / kTileSide];
    tile.columns[static_cast<std::size_t>(x % kTileSide)] |= difference;
    if (tile.first_row < 0) tile.first_row = y;
    tile.last_row = y;
  }
}

}  // namespace tobari::display
#endif
