// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/planar_scan.h"

#include "encode/bit_scan.h"
#include "encode/planar_segments.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/planar_scan.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void split(const std::byte* pixels, std::size_t count, std::uint8_t* red, std::uint8_t* green, std::uint8_t* blue) {
  const hn::ScalableTag<std::uint32_t> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t lanes = hn::Lanes(d);
  const auto* source = reinterpret_cast<const std::uint32_t*>(pixels);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto pixel = hn::LoadU(d, source + i);
    hn::StoreU(hn::TruncateTo(bytes, hn::ShiftRight<16>(pixel)), bytes, red + i);
    hn::StoreU(hn::TruncateTo(bytes, hn::ShiftRight<8>(pixel)), bytes, green + i);
    hn::StoreU(hn::TruncateTo(bytes, pixel), bytes, blue + i);
  }
  for (; i < count; ++i) {
    blue[i] = static_cast<std::uint8_t>(pixels[4 * i]);
    green[i] = static_cast<std::uint8_t>(pixels[4 * i + 1]);
    red[i] = static_cast<std::uint8_t>(pixels[4 * i + 2]);
  }
}

// A difference as 2 |d| - (d < 0): MS-RDPEGDI 2.2.2.5.1.1.
template <class D>
HWY_INLINE hn::Vec<D> folded_difference(D d, const std::uint8_t* row, const std::uint8_t* above) {
  const hn::RebindToSigned<D> with_sign;
  const auto difference = hn::Sub(hn::LoadU(d, row), hn::LoadU(d, above));
  const auto sign = hn::BitCast(d, hn::BroadcastSignBit(hn::BitCast(with_sign, difference)));
  return hn::Xor(hn::Add(difference, difference), sign);
}

// The values of a row as they are written, and which repeat the one before; before the first stands a zero. Those
// before are computed again rather than read from where they were just stored, which would wait for the store.
template <bool kFirst>
void row_values(const std::uint8_t* row, const std::uint8_t* above, std::size_t width, PlaneScratch& scratch) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  auto* const bits = reinterpret_cast<std::uint8_t*>(scratch.same.data());  // little-endian, as all of this
  std::uint64_t& last = scratch.same[width / 64];
  last = 0;
  for (std::size_t i = 0; i < width; i += lanes) {
    const auto value = kFirst ? hn::LoadU(d, row + i) : folded_difference(d, row + i, above + i);
    const auto before = kFirst ? hn::LoadU(d, row + i - 1) : folded_difference(d, row + i - 1, above + i - 1);
    hn::StoreU(value, d, scratch.values.data() + i);
    hn::StoreMaskBits(d, hn::Eq(value, before), bits + i / 8);
  }
  last &= (std::uint64_t{1} << (width % 64)) - 1;
}

std::byte* write_row(std::size_t width, PlaneScratch& scratch, std::byte* out) {
  const std::uint64_t* const same = scratch.same.data();
  std::uint64_t* const starts = scratch.starts.data();
  for (std::size_t i = 0; i * 64 < width; ++i) {
    starts[i] = same[i] & (same[i] >> 1 | same[i + 1] << 63) & (same[i] >> 2 | same[i + 1] << 62);
  }
  for (std::size_t at = 0; at < width;) {
    const std::size_t run_at = next_set(starts, at, width);
    const std::size_t run_end = next_clear(same, run_at, width);
    out = planar::put_segments(scratch.values.data() + at, run_at - at, run_end - run_at, out);
    at = run_end;
  }
  return out;
}

std::byte* write_rows(const Plane& plane, PlaneScratch& scratch, std::byte* out) {
  const std::size_t width = plane.width();
  row_values<true>(plane.row(0), nullptr, width, scratch);
  out = write_row(width, scratch, out);
  for (std::size_t y = 1; y < plane.height(); ++y) {
    row_values<false>(plane.row(y), plane.row(y - 1), width, scratch);
    out = write_row(width, scratch, out);
  }
  return out;
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(split);
HWY_EXPORT(write_rows);

void split_planes(const std::byte* pixels, std::size_t count, std::uint8_t* red, std::uint8_t* green,
                  std::uint8_t* blue) {
  HWY_DYNAMIC_DISPATCH(split)(pixels, count, red, green, blue);
}

std::size_t plane_bound(const Plane& plane) noexcept {
  return plane.height() * planar::row_bound(plane.width()) + planar::kSlack;
}

std::byte* write_plane(const Plane& plane, PlaneScratch& scratch, std::byte* out) {
  constexpr std::size_t kLongestVector = 64;
  scratch.values.resize(plane.width() + kLongestVector + planar::kSlack);
  scratch.same.assign(plane.width() / 64 + 2, 0);
  scratch.starts.resize(scratch.same.size());
  return HWY_DYNAMIC_DISPATCH(write_rows)(plane, scratch, out);
}

}  // namespace tobari::display
#endif
