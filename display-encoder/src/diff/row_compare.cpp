// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/row_compare.h"

#include <algorithm>
#include <cstring>

// Highway compiles what stands between BEFORE and AFTER once for each instruction set, by including this file again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "diff/row_compare.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "watermark/mark_row-inl.h"

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

// How pixels of a tile's row are read: as they are, or with the invisible mark. Ink is rare and laid on before.
struct AsTheyAre {
  const std::uint32_t* live;
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i) const {
    return hn::LoadU(d, live + i);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i, std::size_t count) const {
    return hn::LoadN(d, live + i, count);
  }
};
struct Raised {
  const std::uint32_t* live;
  const std::uint32_t* raise;
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i) const {
    return raised(d, hn::LoadU(d, live + i), hn::LoadU(d, raise + i));
  }
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i, std::size_t count) const {
    return raised(d, hn::LoadN(d, live + i, count), hn::LoadN(d, raise + i, count));
  }
};

// Pixels of one tile's row. The loaded vector is both what is compared and what is stored: nothing is read again.
template <class Pixels>
bool compare_segment(const Pixels& live, std::uint32_t* kept, std::size_t count, std::uint32_t* columns) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto colour = hn::Set(d, 0x00FFFFFFu);  // the X byte does not count
  bool any = false;
  std::size_t i = 0;
  // Four at once: one branch for a whole row of a tile when nothing changed, which is nearly always.
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const auto now_0 = live.load(d, i);
    const auto now_1 = live.load(d, i + lanes);
    const auto now_2 = live.load(d, i + 2 * lanes);
    const auto now_3 = live.load(d, i + 3 * lanes);
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
    const auto now = live.load(d, i);
    const auto difference = hn::And(hn::Xor(now, hn::LoadU(d, kept + i)), colour);
    if (take(d, now, difference, kept + i, columns + i)) any = true;
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const auto now = live.load(d, i, rest);
    const auto difference = hn::And(hn::Xor(now, hn::LoadN(d, kept + i, rest)), colour);
    if (!hn::AllTrue(d, hn::Eq(difference, hn::Zero(d)))) {
      hn::StoreN(now, d, kept + i, rest);
      hn::StoreN(hn::Or(difference, hn::LoadN(d, columns + i, rest)), d, columns + i, rest);
      any = true;
    }
  }
  return any;
}

// How many pixels from the first on are the same, at least: a whole number of blocks.
std::size_t same_pixels(const std::uint32_t* live, const std::uint32_t* kept, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto colour = hn::Set(d, 0x00FFFFFFu);
  const auto differs = [d, live, kept](std::size_t i)
                           HWY_ATTR { return hn::Xor(hn::LoadU(d, live + i), hn::LoadU(d, kept + i)); };
  std::size_t i = 0;
  for (; i + 8 * lanes <= count; i += 8 * lanes) {
    auto all = hn::Or(differs(i), differs(i + lanes));
    auto more = hn::Or(differs(i + 2 * lanes), differs(i + 3 * lanes));
    all = hn::Or(all, hn::Or(differs(i + 4 * lanes), differs(i + 5 * lanes)));
    more = hn::Or(more, hn::Or(differs(i + 6 * lanes), differs(i + 7 * lanes)));
    if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Eq(hn::And(hn::Or(all, more), colour), hn::Zero(d))))) break;
  }
  return i;
}

// Lays ink on a tile's row. False: there is none, and nothing was written.
bool lay_ink(const std::uint32_t* live, const std::uint32_t* ink, std::size_t count, std::uint32_t* shown) {
  const hn::ScalableTag<std::uint32_t> d;
  auto any = hn::Zero(d);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) any = hn::Or(any, hn::LoadN(d, ink + i, count - i));
  if (hn::AllTrue(d, hn::Eq(any, hn::Zero(d)))) return false;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const std::size_t rest = count - i;
    hn::StoreN(inked(d, hn::LoadN(d, live + i, rest), hn::LoadN(d, ink + i, rest)), d, shown + i, rest);
  }
  return true;
}

void compare_row(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks,
                 const RowMark& mark) {
  alignas(64) std::array<std::uint32_t, kTileSide> with_ink;  // not cleared: it is written before it is read
  const auto* source = reinterpret_cast<const std::uint32_t*>(live);
  auto* copy = reinterpret_cast<std::uint32_t*>(kept);
  bool differed = false;
  while (from < to) {
    if (mark.empty() && !differed) {  // what is the same goes on being the same: past whole tiles at once
      const int same =
          from + static_cast<int>(same_pixels(source + from, copy + from, static_cast<std::size_t>(to - from)));
      if (same == to) return;
      from = std::max(from, same / kTileSide * kTileSide);
    }
    const int end = std::min(to, (from / kTileSide + 1) * kTileSide);
    TileMarks& tile = marks[from / kTileSide];
    const auto count = static_cast<std::size_t>(end - from);
    const std::uint32_t* pixels = source + from;
    if (mark.ink != nullptr && lay_ink(pixels, mark.ink_at(from), count, with_ink.data())) pixels = with_ink.data();
    std::uint32_t* const columns = tile.columns.data() + from % kTileSide;
    const bool differs = mark.raise == nullptr
                             ? compare_segment(AsTheyAre{pixels}, copy + from, count, columns)
                             : compare_segment(Raised{pixels, mark.raise_at(from)}, copy + from, count, columns);
    differed = differs;
    if (differs) {
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

void compare_and_copy_row(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks,
                          const RowMark& mark) {
  HWY_DYNAMIC_DISPATCH(compare_row)(live, kept, from, to, y, marks, mark);
}

void compare_and_copy_row_scalar(const std::byte* live, std::byte* kept, int from, int to, int y, TileMarks* marks,
                                 const RowMark& mark) {
  for (int x = from; x < to; ++x) {
    const std::size_t offset = static_cast<std::size_t>(x) * sizeof(std::uint32_t);
    std::uint32_t now = 0;
    std::uint32_t before = 0;
    std::memcpy(&now, live + offset, sizeof now);
    now = marked_pixel(now, x, mark);
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
