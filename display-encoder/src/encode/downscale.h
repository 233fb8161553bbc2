// SPDX-License-Identifier: GPL-3.0-or-later
// Makes pictures smaller: every pixel is the mean of the pixels that it stands for. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

// The largest size of the same shape, to a pixel, whose sides are at most `most`; never larger than `from`, never
// empty.
[[nodiscard]] Size fit_within(Size from, int most) noexcept;

// A picture of its own.
struct SmallPicture {
  Size size;
  std::vector<std::byte> pixels;  // B, G, R, 0; rows without padding
  [[nodiscard]] FrameView view() const noexcept {
    return {pixels.data(), size, static_cast<std::size_t>(size.width) * kBytesPerPixel};
  }
};

// `to` is valid() and no side is longer than the picture's. Every pixel of `picture` is read at most once.
[[nodiscard]] SmallPicture downscale(const FrameView& picture, Size to);

// The vertical half of it: adds a row of `count` bytes to sums. The second is without SIMD: what the first is tested
// by.
void add_row(const std::byte* row, std::size_t count, std::uint16_t* sums);
void add_row_scalar(const std::byte* row, std::size_t count, std::uint16_t* sums);

}  // namespace tobari::display
