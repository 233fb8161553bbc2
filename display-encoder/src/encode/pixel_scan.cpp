// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/pixel_scan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "encode/bit_scan.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/pixel_scan.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::uint32_t kColourMask = 0x00FFFFFFu;

// A whole rectangle: of small ones the way through the dispatcher would be the larger part.
void copy_colours(const std::byte* from, std::size_t stride, std::size_t rows, std::uint32_t* to, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto mask = hn::Set(d, kColourMask);
  for (std::size_t y = 0; y < rows; ++y, to += count) {
    const auto* source = reinterpret_cast<const std::uint32_t*>(from + y * stride);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) hn::StoreU(hn::And(hn::LoadU(d, source + i), mask), d, to + i);
    if (i < count) hn::StoreN(hn::And(hn::LoadN(d, source + i, count - i), mask), d, to + i, count - i);
  }
}

// Into a row of bits, at a multiple of the lanes; the row is zero there.
template <class D>
HWY_INLINE void put_bits(D d, hn::Mask<D> mask, std::size_t at, std::uint8_t* row) {
  std::uint8_t bytes[8] = {};  // as many as it may write
  hn::StoreMaskBits(d, mask, bytes);
  if constexpr (hn::MaxLanes(d) >= 8) {
    std::memcpy(row + at / 8, bytes, hn::Lanes(d) / 8);
  } else {
    row[at / 8] = static_cast<std::uint8_t>(row[at / 8] | bytes[0] << (at % 8));
  }
}

// Rows that are looked at together: few enough that memory is read ahead in each. A part of 64.
constexpr std::size_t kStrip = 16;

// One to four vectors of columns in the rows [top, bottom) of a strip: what differs is gathered down the columns and
// looked at once, because taking a mask out of a vector and back from memory costs more than the comparison. `count`:
// pixels a row; all that there is room for when kWhole.
template <bool kWhole, class D>
HWY_INLINE void mark_columns(D d, const PixelView& view, std::size_t top, std::size_t bottom, std::size_t x,
                             std::size_t count, hn::Vec<D> wanted, std::uint64_t* rows, std::uint64_t* columns) {
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](const std::uint32_t* from, std::size_t i) HWY_ATTR {
    if constexpr (kWhole) return hn::Xor(hn::LoadU(d, from + i * lanes), wanted);
    if (i * lanes >= count) return hn::Zero(d);
    const std::size_t rest = std::min(lanes, count - i * lanes);
    return hn::IfThenElseZero(hn::FirstN(d, rest), hn::Xor(hn::LoadN(d, from + i * lanes, rest), wanted));
  };
  auto first = hn::Zero(d);
  auto second = hn::Zero(d);
  auto third = hn::Zero(d);
  auto fourth = hn::Zero(d);
  std::uint64_t drawn = 0;
  for (std::size_t y = top; y < bottom; ++y) {
    const std::uint32_t* const row = view.pixels + y * view.stride + x;
    const auto a = load(row, 0);
    const auto b = load(row, 1);
    const auto c = load(row, 2);
    const auto e = load(row, 3);
    first = hn::Or(first, a);
    second = hn::Or(second, b);
    third = hn::Or(third, c);
    fourth = hn::Or(fourth, e);
    const auto any = hn::Or(hn::Or(a, b), hn::Or(c, e));
    drawn |= std::uint64_t{!hn::AllTrue(d, hn::Eq(any, hn::Zero(d)))} << (y % 64);
  }
  rows[top / 64] |= drawn;
  const auto bits_of = [&](hn::Vec<D> gathered) HWY_ATTR {
    std::uint64_t bits = 0;
    hn::StoreMaskBits(d, hn::Ne(gathered, hn::Zero(d)), reinterpret_cast<std::uint8_t*>(&bits));  // little-endian
    return bits;
  };
  const std::uint64_t bits =
      bits_of(first) | bits_of(second) << lanes | bits_of(third) << (2 * lanes) | bits_of(fourth) << (3 * lanes);
  columns[x / 64] |= bits << (x % 64);  // four vectors are 16, 32 or 64 columns
}

void mark(const PixelView& view, std::uint32_t colour, std::uint64_t* rows, std::uint64_t* columns) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const auto wanted = hn::Set(d, colour);
  const auto width = static_cast<std::size_t>(view.width);
  const auto height = static_cast<std::size_t>(view.height);
  std::fill_n(rows, words_for(height), 0);
  std::fill_n(columns, words_for(width), 0);
  const std::size_t step = 4 * hn::Lanes(d);
  for (std::size_t top = 0; top < height; top += kStrip) {
    const std::size_t bottom = std::min(height, top + kStrip);
    std::size_t x = 0;
    for (; x + step <= width; x += step) mark_columns<true>(d, view, top, bottom, x, step, wanted, rows, columns);
    if (x < width) mark_columns<false>(d, view, top, bottom, x, width - x, wanted, rows, columns);
  }
}

Texture look(const PixelView& view, std::uint32_t background) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto back = hn::Set(d, background);
  const auto width = static_cast<std::size_t>(view.width);
  Texture texture;
  std::uint32_t before = ~view.pixels[0];
  for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y) {
    const std::uint32_t* const row = view.pixels + y * view.stride;
    texture.runs += row[0] != before ? 1 : 0;
    texture.background += row[0] == background ? 1 : 0;
    before = row[width - 1];
    std::size_t i = 1;
    for (; i + lanes <= width; i += lanes) {
      const auto pixel = hn::LoadU(d, row + i);
      texture.runs += hn::CountTrue(d, hn::Ne(pixel, hn::LoadU(d, row + i - 1)));
      texture.background += hn::CountTrue(d, hn::Eq(pixel, back));
    }
    if (i < width) {
      const std::size_t rest = width - i;
      const auto valid = hn::FirstN(d, rest);
      const auto pixel = hn::LoadN(d, row + i, rest);
      texture.runs += hn::CountTrue(d, hn::And(valid, hn::Ne(pixel, hn::LoadN(d, row + i - 1, rest))));
      texture.background += hn::CountTrue(d, hn::And(valid, hn::Eq(pixel, back)));
    }
  }
  return texture;
}

void run_starts(const PixelView& view, std::uint64_t* starts) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto first = hn::FirstN(d, 1);
  const auto width = static_cast<std::size_t>(view.width);
  std::uint32_t last = ~view.pixels[0];
  for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y, starts += words_for(width)) {
    const std::uint32_t* const row = view.pixels + y * view.stride;
    auto* const bits = reinterpret_cast<std::uint8_t*>(starts);  // little-endian, as all of this
    const std::size_t begin = std::min(lanes, width);
    const auto pixel = begin == lanes ? hn::LoadU(d, row) : hn::LoadN(d, row, begin);
    // Nothing is read before the row: it may be the first of all.
    const auto before = hn::IfThenElse(first, hn::Set(d, last), hn::Slide1Up(d, pixel));
    put_bits(d, hn::And(hn::FirstN(d, begin), hn::Ne(pixel, before)), 0, bits);
    std::size_t x = lanes;
    for (; x + lanes <= width; x += lanes) {
      put_bits(d, hn::Ne(hn::LoadU(d, row + x), hn::LoadU(d, row + x - 1)), x, bits);
    }
    if (x < width) {
      const std::size_t rest = width - x;
      const auto begins = hn::Ne(hn::LoadN(d, row + x, rest), hn::LoadN(d, row + x - 1, rest));
      put_bits(d, hn::And(hn::FirstN(d, rest), begins), x, bits);
    }
    last = row[width - 1];
  }
}

std::size_t changes(const std::byte* row, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto mask = hn::Set(d, kColourMask);
  const auto* pixels = reinterpret_cast<const std::uint32_t*>(row);
  std::size_t sum = 0;
  std::size_t i = 1;
  for (; i + lanes <= count; i += lanes) {
    const auto difference = hn::And(hn::Xor(hn::LoadU(d, pixels + i), hn::LoadU(d, pixels + i - 1)), mask);
    sum += hn::CountTrue(d, hn::Ne(difference, hn::Zero(d)));
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const auto difference = hn::And(hn::Xor(hn::LoadN(d, pixels + i, rest), hn::LoadN(d, pixels + i - 1, rest)), mask);
    sum += hn::CountTrue(d, hn::Ne(difference, hn::Zero(d)));
  }
  return sum;
}

// One vector of columns, top to bottom. A column's hash starts at its first pixel that is not background and is kept as
// it was after the last one, so it covers exactly [on, off). Both halves of it are permutations in every step: two
// columns of equal length that differ are as unlikely to collide as random numbers.
template <class D>
void columns_of(D d, const std::uint32_t* pixels, std::size_t stride, std::size_t height, std::uint32_t background,
                ColumnShape* shapes, std::size_t count) {
  const auto back = hn::Set(d, background);
  const auto factor_a = hn::Set(d, 0x85EBCA6Bu);
  const auto factor_b = hn::Set(d, 0xC2B2AE35u);
  const auto start_a = hn::Set(d, 0x9E3779B9u);
  const auto start_b = hn::Set(d, 0x7F4A7C15u);
  auto hash_a = start_a;
  auto hash_b = start_b;
  auto kept_a = start_a;
  auto kept_b = start_b;
  auto on = hn::Zero(d);
  auto off = hn::Zero(d);
  auto begun = hn::MaskFalse(d);
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint32_t* const row = pixels + y * stride;
    const auto pixel = count == hn::Lanes(d) ? hn::LoadU(d, row) : hn::LoadN(d, row, count);
    const auto drawn = hn::Ne(pixel, back);
    on = hn::IfThenElse(hn::AndNot(begun, drawn), hn::Set(d, static_cast<std::uint32_t>(y)), on);
    begun = hn::Or(begun, drawn);
    auto next_a = hn::Mul(hn::Xor(hash_a, pixel), factor_a);
    next_a = hn::Xor(next_a, hn::ShiftRight<15>(next_a));
    auto next_b = hn::Mul(hn::Add(hash_b, pixel), factor_b);
    next_b = hn::Xor(next_b, hn::ShiftRight<13>(next_b));
    hash_a = hn::IfThenElse(begun, next_a, hash_a);
    hash_b = hn::IfThenElse(begun, next_b, hash_b);
    kept_a = hn::IfThenElse(drawn, hash_a, kept_a);
    kept_b = hn::IfThenElse(drawn, hash_b, kept_b);
    off = hn::IfThenElse(drawn, hn::Set(d, static_cast<std::uint32_t>(y + 1)), off);
  }
  HWY_ALIGN std::array<std::array<std::uint32_t, hn::MaxLanes(d)>, 4> lanes;
  hn::Store(kept_a, d, lanes[0].data());
  hn::Store(kept_b, d, lanes[1].data());
  hn::Store(on, d, lanes[2].data());
  hn::Store(off, d, lanes[3].data());
  for (std::size_t i = 0; i < count; ++i) {
    shapes[i].hash = (static_cast<std::uint64_t>(lanes[0][i]) << 32) | lanes[1][i];
    shapes[i].on = static_cast<std::uint8_t>(lanes[2][i]);
    shapes[i].off = static_cast<std::uint8_t>(lanes[3][i]);
  }
}

void columns(const PixelView& view, std::uint32_t background, ColumnShape* shapes) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto width = static_cast<std::size_t>(view.width);
  for (std::size_t x = 0; x < width; x += lanes) {
    columns_of(d, view.pixels + x, view.stride, static_cast<std::size_t>(view.height), background, shapes + x,
               std::min(lanes, width - x));
  }
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(copy_colours);
HWY_EXPORT(look);
HWY_EXPORT(mark);
HWY_EXPORT(run_starts);
HWY_EXPORT(changes);
HWY_EXPORT(columns);

void load_block(const FrameView& frame, const Rect& rect, PixelBlock& block) {
  block.width = rect.width;
  block.height = rect.height;
  const auto width = static_cast<std::size_t>(rect.width);
  block.pixels.resize(width * static_cast<std::size_t>(rect.height));
  HWY_DYNAMIC_DISPATCH(copy_colours)
  (frame.at(rect.x, rect.y), frame.stride, static_cast<std::size_t>(rect.height), block.pixels.data(), width);
}

void mark_drawn(const PixelView& view, std::uint32_t colour, std::uint64_t* rows, std::uint64_t* columns) {
  HWY_DYNAMIC_DISPATCH(mark)(view, colour, rows, columns);
}

Texture look_at(const PixelView& view, std::uint32_t background) {
  return HWY_DYNAMIC_DISPATCH(look)(view, background);
}

void find_runs(const PixelView& view, std::vector<std::uint64_t>& starts) {
  starts.assign(words_for(static_cast<std::size_t>(view.width)) * static_cast<std::size_t>(view.height), 0);
  HWY_DYNAMIC_DISPATCH(run_starts)(view, starts.data());
}

std::size_t count_changes(const std::byte* row, std::size_t count) { return HWY_DYNAMIC_DISPATCH(changes)(row, count); }

void scan_columns(const PixelView& view, std::uint32_t background, std::vector<ColumnShape>& shapes) {
  shapes.resize(static_cast<std::size_t>(view.width));
  HWY_DYNAMIC_DISPATCH(columns)(view, background, shapes.data());
}

}  // namespace tobari::display
#endif
