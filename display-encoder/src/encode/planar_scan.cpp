// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/planar_scan.h"

#include <cstring>

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

void delta(const std::uint8_t* row, const std::uint8_t* above, std::size_t count, std::uint8_t* out) {
  const hn::ScalableTag<std::uint8_t> d;
  const hn::RebindToSigned<decltype(d)> with_sign;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto difference = hn::Sub(hn::LoadU(d, row + i), hn::LoadU(d, above + i));
    const auto sign = hn::BitCast(d, hn::BroadcastSignBit(hn::BitCast(with_sign, difference)));
    hn::StoreU(hn::Xor(hn::Add(difference, difference), sign), d, out + i);
  }
  for (; i < count; ++i) {
    const auto difference = static_cast<std::uint8_t>(row[i] - above[i]);
    out[i] = static_cast<std::uint8_t>((difference << 1) ^ (difference >= 0x80 ? 0xFF : 0));
  }
}

std::size_t repeats(const std::uint8_t* values, std::size_t count, std::uint64_t* words) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t used = count / 64 + 2;
  std::memset(words, 0, used * sizeof(std::uint64_t));
  if (count == 0) return used;
  words[0] = values[0] == 0 ? 1 : 0;
  std::size_t i = 1;
  // The first vector starts at 1 and not at 0, so its bits may go to two words.
  const auto put = [words](std::size_t at, std::uint64_t bits) {
    words[at / 64] |= bits << (at % 64);
    if (at % 64 != 0) words[at / 64 + 1] |= bits >> (64 - at % 64);
  };
  for (; i + lanes <= count; i += lanes) {
    const auto same = hn::Eq(hn::LoadU(d, values + i), hn::LoadU(d, values + i - 1));
    std::uint64_t bits = 0;
    hn::StoreMaskBits(d, same, reinterpret_cast<std::uint8_t*>(&bits));  // little-endian, as all of this
    put(i, bits);
  }
  for (; i < count; ++i) put(i, values[i] == values[i - 1] ? 1u : 0u);
  return used;
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(split);
HWY_EXPORT(delta);
HWY_EXPORT(repeats);

void split_planes(const std::byte* pixels, std::size_t count, std::uint8_t* red, std::uint8_t* green,
                  std::uint8_t* blue) {
  HWY_DYNAMIC_DISPATCH(split)(pixels, count, red, green, blue);
}

void delta_row(const std::uint8_t* row, const std::uint8_t* above, std::size_t count, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(delta)(row, above, count, out);
}

std::size_t mark_repeats(const std::uint8_t* values, std::size_t count, std::uint64_t* words) {
  return HWY_DYNAMIC_DISPATCH(repeats)(values, count, words);
}

}  // namespace tobari::display
#endif
