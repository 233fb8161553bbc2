// SPDX-License-Identifier: GPL-3.0-or-later
// SIMD loops of the search for moves. Pixels are 4 bytes; the X byte does not count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::display {

// Pixels in a block of equal_blocks().
inline constexpr int kScanBlock = 64;

// Pixels that an anchor is made of.
inline constexpr int kAnchorWidth = 8;

// equal[i] = 1 when pixels [64 i, 64 i + 64) of both rows (fewer in the last block) have equal colours, 0 otherwise.
void equal_blocks(const std::byte* a, const std::byte* b, int count, std::uint8_t* equal);

// Places that a picture itself singles out, so that they are found again wherever its pixels went: windows of
// kAnchorWidth pixels, not of one colour, whose hash begins with a fixed pattern (1 in 16).
struct Anchors {
  std::vector<std::uint32_t> at;  // the window's first pixel
  std::vector<std::uint32_t> hash;
  std::size_t count = 0;  // of both that are valid
};

// All of one row of `count` pixels.
void find_anchors(const std::byte* row, int count, Anchors& out);

}  // namespace tobari::display
