// SPDX-License-Identifier: GPL-3.0-or-later
// BGRX to I420, BT.709 in full range, with the integer weights of MS-RDPEGFX 3.3.8.3.1; chroma is the mean of 2x2.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tobari::display {

// Two rows of `width` pixels (even) to two rows of luma and one of each chroma.
struct YuvRows {
  std::uint8_t* luma[2];
  std::uint8_t* u;
  std::uint8_t* v;
};
void convert_two_rows(const std::byte* upper, const std::byte* lower, std::size_t width, const YuvRows& out);

}  // namespace tobari::display
