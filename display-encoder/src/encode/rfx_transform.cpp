// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/rfx_transform.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/rfx_transform.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D, class V>
V scaled(D d, V channel, int weight) {
  return hn::MulFixedPoint15(channel, hn::Set(d, static_cast<std::int16_t>(weight)));
}

// The weights of MS-RDPRFX 3.1.8.1.3 in 1/32768, for blue, green and red in 8.7 fixed point.
template <class D, class V>
V weighted(D d, V blue, V green, V red, int b, int g, int r) {
  const auto sum = hn::Add(hn::Add(scaled(d, red, r), scaled(d, green, g)), scaled(d, blue, b));
  return hn::ShiftRight<2>(hn::Add(sum, hn::Set(d, std::int16_t{2})));
}

// `rows` rows of a tile, `stride` bytes apart.
void colours(const std::byte* picture, std::size_t stride, std::size_t rows, std::int16_t* y, std::int16_t* cb,
             std::int16_t* cr) {
  using D = hn::CappedTag<std::int16_t, kRfxTile>;
  using Bits = hn::RebindToUnsigned<D>;
  const D d;
  const Bits bits;
  const auto byte = hn::Set(bits, std::uint16_t{0xFF});
  for (std::size_t row = 0; row < rows; ++row, y += kRfxTile, cb += kRfxTile, cr += kRfxTile) {
    const auto* const pixels = reinterpret_cast<const std::uint16_t*>(picture + row * stride);
    for (std::size_t x = 0; x < kRfxTile; x += hn::Lanes(d)) {
      hn::Vec<Bits> blue_green;
      hn::Vec<Bits> red_unused;
      hn::LoadInterleaved2(bits, pixels + 2 * x, blue_green, red_unused);
      const auto blue = hn::BitCast(d, hn::ShiftLeft<7>(hn::And(blue_green, byte)));
      const auto green = hn::BitCast(d, hn::And(hn::ShiftRight<1>(blue_green), hn::Set(bits, std::uint16_t{0x7F80})));
      const auto red = hn::BitCast(d, hn::ShiftLeft<7>(hn::And(red_unused, byte)));
      const auto luma = weighted(d, blue, green, red, 3735, 19235, 9798);
      hn::StoreU(hn::Sub(luma, hn::Set(d, std::int16_t{4096})), d, y + x);
      hn::StoreU(weighted(d, blue, green, red, 16403, -10868, -5535), d, cb + x);
      hn::StoreU(weighted(d, blue, green, red, -2663, -13714, 16377), d, cr + x);
    }
  }
}

// Saturating, so that pictures made for it cannot turn the sign.
template <class V>
V mean(V a, V b) {
  return hn::ShiftRight<1>(hn::SaturatedAdd(a, b));
}
template <class V>
V high(V even, V odd, V next_even) {
  return hn::ShiftRight<1>(hn::SaturatedSub(odd, mean(even, next_even)));
}

// What the vertical step leaves for the horizontal one: even and odd columns apart, the low rows above the high ones.
template <int kHalf>
struct Columns {
  static constexpr std::size_t kMargin = 8;  // room for one value more on either side
  static constexpr std::size_t kPitch = kHalf + 2 * kMargin;
  using Rows = std::int16_t[2 * kHalf][kPitch];
  alignas(64) Rows even;
  alignas(64) Rows odd;
};

// Two vectors that follow each other, their even and odd values apart.
template <class D, class V>
void put_apart(D d, V left, V right, std::int16_t* even, std::int16_t* odd) {
  hn::StoreU(hn::ConcatEven(d, right, left), d, even);
  hn::StoreU(hn::ConcatOdd(d, right, left), d, odd);
}

template <int kHalf>
void vertical(const std::int16_t* plane, Columns<kHalf>& out) {
  const hn::CappedTag<std::int16_t, kHalf> d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kWidth = 2 * kHalf;
  for (std::size_t x = 0; x < kWidth; x += 2 * lanes) {
    const std::int16_t* row = plane + x;
    const std::size_t to = Columns<kHalf>::kMargin + x / 2;
    auto even_left = hn::LoadU(d, row);
    auto even_right = hn::LoadU(d, row + lanes);
    auto above_left = hn::Zero(d);
    auto above_right = hn::Zero(d);
    for (std::size_t n = 0; n < kHalf; ++n, row += 2 * kWidth) {
      const bool last = n + 1 == kHalf;
      const auto next_left = last ? even_left : hn::LoadU(d, row + 2 * kWidth);
      const auto next_right = last ? even_right : hn::LoadU(d, row + 2 * kWidth + lanes);
      const auto high_left = high(even_left, hn::LoadU(d, row + kWidth), next_left);
      const auto high_right = high(even_right, hn::LoadU(d, row + kWidth + lanes), next_right);
      if (n == 0) {
        above_left = high_left;
        above_right = high_right;
      }
      put_apart(d, hn::SaturatedAdd(even_left, mean(above_left, high_left)),
                hn::SaturatedAdd(even_right, mean(above_right, high_right)), out.even[n] + to, out.odd[n] + to);
      put_apart(d, high_left, high_right, out.even[kHalf + n] + to, out.odd[kHalf + n] + to);
      above_left = high_left;
      above_right = high_right;
      even_left = next_left;
      even_right = next_right;
    }
  }
}

// The values beyond either end that make the steps there like all others.
template <int kHalf>
void mirror(Columns<kHalf>& in) {
  for (std::size_t y = 0; y < 2 * kHalf; ++y) {
    std::int16_t* const even = in.even[y] + Columns<kHalf>::kMargin;
    std::int16_t* const odd = in.odd[y] + Columns<kHalf>::kMargin;
    even[-1] = even[1];
    odd[-1] = odd[0];
    even[kHalf] = even[kHalf - 1];
  }
}

// Bands of kHalf x kHalf: `low_low` may be the plane that vertical() read. The other three follow each other in
// `bands`. Each high value is needed by two low ones, and is computed for each rather than stored and read back.
template <int kHalf>
void horizontal(Columns<kHalf>& in, std::int16_t* low_low, std::int16_t* bands) {
  const hn::CappedTag<std::int16_t, kHalf> d;
  constexpr std::size_t kSide = kHalf;
  std::int16_t* const hl = bands;
  std::int16_t* const lh = bands + kSide * kSide;
  std::int16_t* const hh = bands + 2 * kSide * kSide;
  mirror(in);
  for (std::size_t y = 0; y < 2 * kSide; ++y) {
    std::int16_t* const to_low = y < kSide ? low_low + y * kSide : lh + (y - kSide) * kSide;
    std::int16_t* const to_high = y < kSide ? hl + y * kSide : hh + (y - kSide) * kSide;
    for (std::size_t x = 0; x < kSide; x += hn::Lanes(d)) {
      const std::int16_t* const even = in.even[y] + Columns<kHalf>::kMargin + x;
      const std::int16_t* const odd = in.odd[y] + Columns<kHalf>::kMargin + x;
      const auto here = hn::LoadU(d, even);
      const auto value = high(here, hn::LoadU(d, odd), hn::LoadU(d, even + 1));
      const auto before = high(hn::LoadU(d, even - 1), hn::LoadU(d, odd - 1), here);
      hn::StoreU(value, d, to_high + x);
      hn::StoreU(hn::SaturatedAdd(here, mean(before, value)), d, to_low + x);
    }
  }
}

// Rounds, but the middle to zero by a little more: it saves more bits than it costs in error.
void quantize(std::int16_t* values, std::size_t count, int shift, int offset, std::uint64_t* nonzero) {
  const hn::CappedTag<std::int16_t, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  static_assert(hn::MaxLanes(d) >= 8, "marks are written byte by byte");
  const auto round = hn::Set(d, static_cast<std::int16_t>(offset));
  const auto least = hn::Set(d, std::int16_t{-32767});
  // Not gathered in a word here: reading back what several stores have just written waits for them.
  auto* const marks = reinterpret_cast<std::uint8_t*>(nonzero);  // little-endian, as all of this
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    const auto magnitude = hn::SaturatedAdd(hn::Abs(hn::Max(value, least)), round);
    const auto sign = hn::BroadcastSignBit(value);
    const auto result = hn::Sub(hn::Xor(hn::ShiftRightSame(magnitude, shift), sign), sign);
    hn::StoreU(result, d, values + i);
    hn::StoreMaskBits(d, hn::Ne(result, hn::Zero(d)), marks + i / 8);
  }
}

// Each of the 64 values of the lowest band becomes its difference from the one before; from the last on, so that those
// before are still as they were.
void difference(std::int16_t* values, std::uint64_t& nonzero) {
  const hn::CappedTag<std::int16_t, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  auto* const marks = reinterpret_cast<std::uint8_t*>(&nonzero);
  for (std::size_t i = 64; i > 0;) {
    i -= lanes;
    const auto before = hn::LoadU(d, values + i - 1);  // at the first: the last value of another band
    const auto none = hn::FirstN(d, i == 0 ? 1 : 0);
    const auto result = hn::Sub(hn::LoadU(d, values + i), hn::IfThenZeroElse(none, before));
    hn::StoreU(result, d, values + i);
    hn::StoreMaskBits(d, hn::Ne(result, hn::Zero(d)), marks + i / 8);
  }
}

void transform(std::int16_t* plane, const std::uint8_t* quants, std::int16_t* out, std::uint64_t* nonzero) {
  {
    Columns<32> columns;
    vertical<32>(plane, columns);
    horizontal<32>(columns, plane, out);
  }
  {
    Columns<16> columns;
    vertical<16>(plane, columns);
    horizontal<16>(columns, plane, out + 3072);
  }
  {
    Columns<8> columns;
    vertical<8>(plane, columns);
    horizontal<8>(columns, out + 4032, out + 3840);
  }
  constexpr std::size_t kSizes[kRfxBands] = {1024, 1024, 1024, 256, 256, 256, 64, 64, 64, 64};
  std::size_t at = 0;
  for (std::size_t band = 0; band < kRfxBands; ++band) {
    const int shift = quants[band] - 1;  // 11.5 fixed point
    const int offset = band == kLl3 ? 1 << (shift - 1) : (1 << shift) * kRoundUpFrom / 16;
    quantize(out + at, kSizes[band], shift, offset, nonzero + at / 64);
    at += kSizes[band];
  }
  difference(out + kTileCoefficients - kSizes[kLl3], nonzero[kTileCoefficients / 64 - 1]);
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(colours);
HWY_EXPORT(transform);

namespace {

void repeat_row(RfxPlanes& planes, int from, int to) {
  for (RfxPlanes::Plane* plane : {&planes.y, &planes.cb, &planes.cr}) {
    std::copy_n(plane->data() + from * kRfxTile, kRfxTile, plane->data() + to * kRfxTile);
  }
}

void load_narrow(const FrameView& picture, const Rect& rect, Point at, RfxPlanes& planes) {
  std::array<std::uint32_t, kRfxTile> padded;
  const auto width = static_cast<std::size_t>(rect.width);
  const auto left = static_cast<std::size_t>(at.x);
  for (int y = 0; y < rect.height; ++y) {
    std::memcpy(padded.data() + left, picture.at(rect.x, rect.y + y), width * kBytesPerPixel);
    std::fill_n(padded.begin(), left, padded[left]);
    std::fill(padded.begin() + static_cast<std::ptrdiff_t>(left + width), padded.end(), padded[left + width - 1]);
    const auto to = static_cast<std::size_t>((at.y + y) * kRfxTile);
    HWY_DYNAMIC_DISPATCH(colours)
    (reinterpret_cast<const std::byte*>(padded.data()), 0, 1, &planes.y[to], &planes.cb[to], &planes.cr[to]);
  }
}

}  // namespace

void rfx_load(const FrameView& picture, const Rect& rect, Point at, RfxPlanes& planes) {
  const auto place = static_cast<std::size_t>(at.y * kRfxTile);
  if (rect.width == kRfxTile) {
    HWY_DYNAMIC_DISPATCH(colours)
    (picture.at(rect.x, rect.y), picture.stride, static_cast<std::size_t>(rect.height), &planes.y[place],
     &planes.cb[place], &planes.cr[place]);
  } else {
    load_narrow(picture, rect, at, planes);
  }
  for (int y = 0; y < at.y; ++y) repeat_row(planes, at.y, y);
  for (int y = at.y + rect.height; y < kRfxTile; ++y) repeat_row(planes, at.y + rect.height - 1, y);
}

void rfx_transform(RfxPlanes::Plane& plane, const RfxQuants& quants, TileCoefficients& out) {
  HWY_DYNAMIC_DISPATCH(transform)(plane.data(), quants.data(), out.values.data(), out.nonzero.data());
}

}  // namespace tobari::display
#endif
