// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/pixel_scan.h"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/pixel_scan.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::uint32_t kColourMask = 0x00FFFFFFu;

void copy_colours(const std::byte* from, std::uint32_t* to, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto mask = hn::Set(d, kColourMask);
  const auto* source = reinterpret_cast<const std::uint32_t*>(from);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::And(hn::LoadU(d, source + i), mask), d, to + i);
  if (i < count) hn::StoreN(hn::And(hn::LoadN(d, source + i, count - i), mask), d, to + i, count - i);
}

// Which of up to 64 pixels differ, as bits.
template <class D>
HWY_INLINE std::uint64_t differing(D d, const std::uint32_t* pixels, std::size_t count, hn::Vec<D> wanted) {
  const std::size_t lanes = hn::Lanes(d);
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto pixel = count - i < lanes ? hn::LoadN(d, pixels + i, count - i) : hn::LoadU(d, pixels + i);
    std::uint64_t bits = 0;
    hn::StoreMaskBits(d, hn::Ne(pixel, wanted),
                      reinterpret_cast<std::uint8_t*>(&bits));  // little-endian, as all of this
    all |= bits << i;
  }
  return count < 64 ? all & ((std::uint64_t{1} << count) - 1) : all;
}

void mark(const PixelView& view, std::uint32_t colour, std::uint64_t* rows, std::uint64_t* columns) {
  const hn::CappedTag<std::uint32_t, 16> d;
  const auto wanted = hn::Set(d, colour);
  const auto width = static_cast<std::size_t>(view.width);
  const auto height = static_cast<std::size_t>(view.height);
  std::fill_n(rows, (height + 63) / 64, 0);
  std::fill_n(columns, (width + 63) / 64, 0);
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint32_t* const row = view.pixels + y * view.stride;
    std::uint64_t any = 0;
    for (std::size_t x = 0; x < width; x += 64) {
      const std::uint64_t bits = differing(d, row + x, std::min<std::size_t>(64, width - x), wanted);
      columns[x / 64] |= bits;
      any |= bits;
    }
    rows[y / 64] |= std::uint64_t{any != 0} << (y % 64);
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

std::size_t same_as_first(const std::uint32_t* pixels, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto wanted = hn::Set(d, pixels[0]);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto differs = hn::Ne(hn::LoadU(d, pixels + i), wanted);
    const auto at = hn::FindFirstTrue(d, differs);
    if (at >= 0) return i + static_cast<std::size_t>(at);
  }
  while (i < count && pixels[i] == pixels[0]) ++i;
  return i;
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
HWY_EXPORT(same_as_first);
HWY_EXPORT(changes);
HWY_EXPORT(columns);

void load_block(const FrameView& frame, const Rect& rect, PixelBlock& block) {
  block.width = rect.width;
  block.height = rect.height;
  const auto width = static_cast<std::size_t>(rect.width);
  block.pixels.resize(width * static_cast<std::size_t>(rect.height));
  std::uint32_t* to = block.pixels.data();
  for (int y = rect.y; y < rect.bottom(); ++y, to += width) {
    HWY_DYNAMIC_DISPATCH(copy_colours)(frame.at(rect.x, y), to, width);
  }
}

void mark_drawn(const PixelView& view, std::uint32_t colour, std::uint64_t* rows, std::uint64_t* columns) {
  HWY_DYNAMIC_DISPATCH(mark)(view, colour, rows, columns);
}

Texture look_at(const PixelView& view, std::uint32_t background) {
  return HWY_DYNAMIC_DISPATCH(look)(view, background);
}

std::size_t run_length(const std::uint32_t* pixels, std::size_t count) {
  // Most runs are short, and a call through the dispatcher costs more than looking at a few pixels.
  constexpr std::size_t kShort = 8;
  const std::size_t near = std::min(count, kShort);
  for (std::size_t i = 1; i < near; ++i) {
    if (pixels[i] != pixels[0]) return i;
  }
  return near == count ? count : HWY_DYNAMIC_DISPATCH(same_as_first)(pixels, count);
}

std::size_t count_changes(const std::byte* row, std::size_t count) { return HWY_DYNAMIC_DISPATCH(changes)(row, count); }

void scan_columns(const PixelView& view, std::uint32_t background, std::vector<ColumnShape>& shapes) {
  shapes.resize(static_cast<std::size_t>(view.width));
  HWY_DYNAMIC_DISPATCH(columns)(view, background, shapes.data());
}

}  // namespace tobari::display
#endif
