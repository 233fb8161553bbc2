// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/mark_row.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "watermark/mark_row.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "watermark/mark_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void mark_piece(const std::uint32_t* live, std::uint32_t* shown, std::size_t count, const std::uint32_t* raise,
                const std::uint32_t* ink) {
  const hn::ScalableTag<std::uint32_t> d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    const std::size_t rest = count - i;
    auto pixels = hn::LoadN(d, live + i, rest);
    if (ink != nullptr) pixels = inked(d, pixels, hn::LoadN(d, ink + i, rest));
    if (raise != nullptr) pixels = raised(d, pixels, hn::LoadN(d, raise + i, rest));
    hn::StoreN(pixels, d, shown + i, rest);
  }
}

void mark_pieces(const std::byte* live, std::byte* shown, int from, int to, const RowMark& mark) {
  const auto* source = reinterpret_cast<const std::uint32_t*>(live);
  auto* target = reinterpret_cast<std::uint32_t*>(shown);
  while (from < to) {
    const int end = std::min(to, (from / kMarkPiece + 1) * kMarkPiece);
    mark_piece(source + from, target + from, static_cast<std::size_t>(end - from), mark.raise_at(from),
               mark.ink_at(from));
    from = end;
  }
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(mark_pieces);

void mark_row(const std::byte* live, std::byte* shown, int from, int to, const RowMark& mark) {
  HWY_DYNAMIC_DISPATCH(mark_pieces)(live, shown, from, to, mark);
}

std::uint32_t marked_pixel(std::uint32_t pixel, int x, const RowMark& mark) noexcept {
  std::uint32_t shown = pixel & 0xFF000000u;
  for (int shift = 0; shift < 24; shift += 8) {
    std::uint32_t level = (pixel >> shift) & 0xFFu;
    if (mark.ink != nullptr && *mark.ink_at(x) != 0) {
      level = level >= 128 ? level - level / 8 : level + (255 - level) / 8;
    }
    if (mark.raise != nullptr) level = level - level / 64 + ((*mark.raise_at(x) >> shift) & 0xFFu);
    shown |= level << shift;
  }
  return shown;
}

}  // namespace tobari::display
#endif
