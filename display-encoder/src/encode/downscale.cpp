// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/downscale.h"

#include <algorithm>
#include <array>
#include <cstring>

// Highway compiles what stands between BEFORE and AFTER once for each instruction set, by including this file again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/downscale.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tobari::display::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void add_bytes(const std::uint8_t* row, std::size_t count, std::uint16_t* sums) {
  const hn::ScalableTag<std::uint16_t> wide;
  const hn::Rebind<std::uint8_t, decltype(wide)> narrow;
  const std::size_t lanes = hn::Lanes(wide);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(wide, sums + i), hn::PromoteTo(wide, hn::LoadU(narrow, row + i))), wide, sums + i);
  }
  for (; i < count; ++i) sums[i] = static_cast<std::uint16_t>(sums[i] + row[i]);
}

}  // namespace tobari::display::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tobari::display {
namespace {

constexpr int kMaxRows = 257;  // of bytes in a 16-bit sum

// Where part `index` of `parts` begins in a line of `length`.
int begin_of(int index, int parts, int length) noexcept {
  return static_cast<int>(static_cast<long>(index) * length / parts);
}

// The means of `columns` columns' sums of `rows` rows.
void mean(const std::uint16_t* sums, int columns, int rows, std::byte* out) noexcept {
  std::array<std::uint32_t, kBytesPerPixel> total{};
  for (int x = 0; x < columns; ++x, sums += kBytesPerPixel) {
    for (std::size_t c = 0; c < kBytesPerPixel; ++c) total[c] += sums[c];
  }
  const auto pixels = static_cast<std::uint32_t>(columns) * static_cast<std::uint32_t>(rows);
  for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::byte>((total[c] + pixels / 2) / pixels);
  out[3] = std::byte{0};
}

}  // namespace

HWY_EXPORT(add_bytes);

void add_row(const std::byte* row, std::size_t count, std::uint16_t* sums) {
  HWY_DYNAMIC_DISPATCH(add_bytes)(reinterpret_cast<const std::uint8_t*>(row), count, sums);
}

void add_row_scalar(const std::byte* row, std::size_t count, std::uint16_t* sums) {
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] = static_cast<std::uint16_t>(sums[i] + std::to_integer<unsigned>(row[i]));
  }
}

Size fit_within(Size from, int most) noexcept {
  const int longer = std::max(from.width, from.height);
  if (longer <= most) return from;
  const auto part = [longer, most](int side) {
    return std::max(1, static_cast<int>((static_cast<long>(side) * most + longer / 2) / longer));
  };
  return {part(from.width), part(from.height)};
}

SmallPicture downscale(const FrameView& picture, Size to) {
  SmallPicture small{to, std::vector<std::byte>(static_cast<std::size_t>(to.area()) * kBytesPerPixel)};
  const std::size_t row_bytes = static_cast<std::size_t>(picture.size.width) * kBytesPerPixel;
  std::vector<std::uint16_t> sums(row_bytes);
  std::byte* out = small.pixels.data();
  for (int y = 0; y < to.height; ++y) {
    const int top = begin_of(y, to.height, picture.size.height);
    const int height = begin_of(y + 1, to.height, picture.size.height) - top;
    const int step = (height + kMaxRows - 1) / kMaxRows;  // of very many rows some stand for all
    std::ranges::fill(sums, std::uint16_t{0});
    int rows = 0;
    for (int row = 0; row < height; row += step, ++rows) add_row(picture.row(top + row), row_bytes, sums.data());
    for (int x = 0; x < to.width; ++x, out += kBytesPerPixel) {
      const int left = begin_of(x, to.width, picture.size.width);
      const int right = begin_of(x + 1, to.width, picture.size.width);
      mean(sums.data() + static_cast<std::size_t>(left) * kBytesPerPixel, right - left, rows, out);
    }
  }
  return small;
}

}  // namespace tobari::display
#endif
