// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/row_scan.h"

#include <algorithm>
#include <array>

// Highway compiles what stands between BEFORE and AFTER once for each instruction set, by including this file again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "diff/row_scan.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

bool block_equals(const std::uint32_t* a, const std::uint32_t* b, std::size_t count) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  auto difference = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    difference = hn::Or(difference, hn::Xor(hn::LoadU(d, a + i), hn::LoadU(d, b + i)));
  }
  if (i < count) {
    difference = hn::Or(difference, hn::Xor(hn::LoadN(d, a + i, count - i), hn::LoadN(d, b + i, count - i)));
  }
  return hn::AllTrue(d, hn::Eq(hn::And(difference, hn::Set(d, 0x00FFFFFFu)), hn::Zero(d)));
}

void equal_blocks_of(const std::byte* a, const std::byte* b, int count, std::uint8_t* equal) {
  const auto* first = reinterpret_cast<const std::uint32_t*>(a);
  const auto* second = reinterpret_cast<const std::uint32_t*>(b);
  for (int x = 0; x < count; x += kScanBlock) {
    const auto pixels = static_cast<std::size_t>(std::min(kScanBlock, count - x));
    *equal++ = block_equals(first + x, second + x, pixels) ? 1 : 0;
  }
}

// A weighted sum modulo 2^32. The weights are multiples of 256, which drops the X byte, and add up to 0, so that a
// window of one colour has the hash 0 and is never an anchor.
constexpr std::array<std::uint32_t, kAnchorWidth> kWeights{0x9E377900u, 0x85EBCB00u, 0xC2B2AF00u, 0x27D4EB00u,
                                                           0x16566700u, 0xD3A26500u, 0xFD704700u, 0x09EC0F00u};
static_assert(kWeights[0] + kWeights[1] + kWeights[2] + kWeights[3] + kWeights[4] + kWeights[5] + kWeights[6] +
                  kWeights[7] ==
              0u);
constexpr int kMarkShift = 28;
constexpr std::uint32_t kMark = 5;

void find_anchors_of(const std::byte* row, int count, Anchors& out) {
  const hn::ScalableTag<std::uint32_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto* pixels = reinterpret_cast<const std::uint32_t*>(row);
  out.count = 0;
  if (count < kAnchorWidth) return;
  const std::size_t windows = static_cast<std::size_t>(count) - kAnchorWidth + 1;
  // CompressStore may write a whole vector behind the last one that counts.
  if (out.at.size() < windows + lanes) {
    out.at.resize(windows + lanes);
    out.hash.resize(windows + lanes);
  }
  const auto mark = hn::Set(d, kMark);
  std::size_t x = 0;
  for (; x + lanes <= windows; x += lanes) {
    auto hash = hn::Zero(d);
    for (std::size_t i = 0; i < kAnchorWidth; ++i) {
      hash = hn::MulAdd(hn::LoadU(d, pixels + x + i), hn::Set(d, kWeights[i]), hash);
    }
    const auto marked = hn::Eq(hn::ShiftRight<kMarkShift>(hash), mark);
    if (hn::AllFalse(d, marked)) continue;
    hn::CompressStore(hn::Iota(d, static_cast<std::uint32_t>(x)), marked, d, out.at.data() + out.count);
    out.count += hn::CompressStore(hash, marked, d, out.hash.data() + out.count);
  }
  for (; x < windows; ++x) {
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < kAnchorWidth; ++i) hash += pixels[x + i] * kWeights[i];
    if (hash >> kMarkShift != kMark) continue;
    out.at[out.count] = static_cast<std::uint32_t>(x);
    out.hash[out.count++] = hash;
  }
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {

HWY_EXPORT(equal_blocks_of);
HWY_EXPORT(find_anchors_of);

void equal_blocks(const std::byte* a, const std::byte* b, int count, std::uint8_t* equal) {
  HWY_DYNAMIC_DISPATCH(equal_blocks_of)(a, b, count, equal);
}

void find_anchors(const std::byte* row, int count, Anchors& out) {
  HWY_DYNAMIC_DISPATCH(find_anchors_of)(row, count, out);
}

}  // namespace tobari::display
#endif
