// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/yuv_convert.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/yuv_convert.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
struct Channels {
  hn::Vec<D> red, green, blue;
};

template <class D>
Channels<D> channels(D d, const std::byte* pixels) {
  const auto pixel = hn::LoadU(d, reinterpret_cast<const std::int32_t*>(pixels));
  const auto byte = hn::Set(d, 0xFF);
  return {hn::And(hn::ShiftRight<16>(pixel), byte), hn::And(hn::ShiftRight<8>(pixel), byte), hn::And(pixel, byte)};
}

template <class D>
void put_luma(D d, const Channels<D>& c, std::uint8_t* out) {
  const hn::Rebind<std::uint8_t, D> bytes;
  auto sum = hn::Add(hn::Mul(c.red, hn::Set(d, 54)), hn::Mul(c.green, hn::Set(d, 183)));
  sum = hn::Add(sum, hn::Mul(c.blue, hn::Set(d, 18)));
  hn::StoreU(hn::DemoteTo(bytes, hn::ShiftRight<8>(sum)), bytes, out);
}

// Sums over 2x2 pixels of one channel, for as many squares as a vector has lanes.
template <class D, class V>
V squares(D d, V upper_first, V lower_first, V upper_second, V lower_second) {
  const auto first = hn::Add(upper_first, lower_first);
  const auto second = hn::Add(upper_second, lower_second);
  return hn::Add(hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first));
}

template <class D, class V>
void put_chroma(D d, V red, V green, V blue, int r, int g, int b, std::uint8_t* out) {
  const hn::Rebind<std::uint8_t, D> bytes;
  auto sum = hn::Add(hn::Mul(red, hn::Set(d, r)), hn::Mul(green, hn::Set(d, g)));
  sum = hn::Add(sum, hn::Mul(blue, hn::Set(d, b)));
  // A mean of four and a weight in 1/256 each: shift by ten, to the nearest.
  sum = hn::Add(hn::ShiftRight<10>(hn::Add(sum, hn::Set(d, 512))), hn::Set(d, 128));
  hn::StoreU(hn::DemoteTo(bytes, sum), bytes, out);
}

std::uint8_t clamped(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void convert_rest(const std::byte* rows[2], std::size_t from, std::size_t width, const YuvRows& out) {
  for (std::size_t x = from; x + 1 < width; x += 2) {
    int sum[3] = {0, 0, 0};  // blue, green, red
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t side = 0; side < 2; ++side) {
        const std::byte* const pixel = rows[row] + 4 * (x + side);
        const int b = static_cast<int>(pixel[0]);
        const int g = static_cast<int>(pixel[1]);
        const int r = static_cast<int>(pixel[2]);
        out.luma[row][x + side] = clamped((54 * r + 183 * g + 18 * b) >> 8);
        sum[0] += b;
        sum[1] += g;
        sum[2] += r;
      }
    }
    out.u[x / 2] = clamped(((-29 * sum[2] - 99 * sum[1] + 128 * sum[0] + 512) >> 10) + 128);
    out.v[x / 2] = clamped(((128 * sum[2] - 116 * sum[1] - 12 * sum[0] + 512) >> 10) + 128);
  }
}

void convert(const std::byte* upper, const std::byte* lower, std::size_t width, const YuvRows& out) {
  const hn::ScalableTag<std::int32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::byte* rows[2] = {upper, lower};
  std::size_t x = 0;
  for (; x + 2 * lanes <= width; x += 2 * lanes) {
    const auto a = channels(d, upper + 4 * x);
    const auto b = channels(d, upper + 4 * (x + lanes));
    const auto c = channels(d, lower + 4 * x);
    const auto e = channels(d, lower + 4 * (x + lanes));
    put_luma(d, a, out.luma[0] + x);
    put_luma(d, b, out.luma[0] + x + lanes);
    put_luma(d, c, out.luma[1] + x);
    put_luma(d, e, out.luma[1] + x + lanes);
    const auto red = squares(d, a.red, c.red, b.red, e.red);
    const auto green = squares(d, a.green, c.green, b.green, e.green);
    const auto blue = squares(d, a.blue, c.blue, b.blue, e.blue);
    put_chroma(d, red, green, blue, -29, -99, 128, out.u + x / 2);
    put_chroma(d, red, green, blue, 128, -116, -12, out.v + x / 2);
  }
  convert_rest(rows, x, width, out);
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(convert);

void convert_two_rows(const std::byte* upper, const std::byte* lower, std::size_t width, const YuvRows& out) {
  HWY_DYNAMIC_DISPATCH(convert)(upper, lower, width, out);
}

}  // namespace tobari::display
#endif
