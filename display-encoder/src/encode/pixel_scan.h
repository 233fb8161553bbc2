// SPDX-License-Identifier: GPL-3.0-or-later
// SIMD loops over pixels that the lossless encoders and the classification share. A colour is 0x00RRGGBB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

// A private copy of a rectangle: the X byte is zero, rows follow each other without a gap.
struct PixelBlock {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> pixels;

  [[nodiscard]] const std::uint32_t* row(int y) const noexcept {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
};

void load_block(const FrameView& frame, const Rect& rect, PixelBlock& block);
void load_block(const PixelBlock& from, const Rect& rect, PixelBlock& block);

// columns[x] |= row[x] ^ colour; true when any pixel differs from the colour.
bool mark_differing(const std::uint32_t* row, std::size_t count, std::uint32_t colour, std::uint32_t* columns);

// How many pixels from the first on have its colour; count must not be 0.
[[nodiscard]] std::size_t run_length(const std::uint32_t* pixels, std::size_t count);

// How many of pixels 1 .. count-1 differ from the one before; reads the frame itself, ignores X.
[[nodiscard]] std::size_t count_changes(const std::byte* row, std::size_t count);

// One column of a block seen against a background: pixels [on, off) are the smallest range that holds all others
// (0, 0: none), and their hash.
struct ColumnShape {
  std::uint64_t hash = 0;
  std::uint8_t on = 0;
  std::uint8_t off = 0;
};

// Fills shapes[0 .. block.width). block.height <= 255.
void scan_columns(const PixelBlock& block, std::uint32_t background, std::vector<ColumnShape>& shapes);

}  // namespace tobari::display
