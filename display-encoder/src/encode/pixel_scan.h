// SPDX-License-Identifier: GPL-3.0-or-later
// SIMD loops over pixels that the lossless encoders and the classification share. A colour is 0x00RRGGBB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

// Part of a private copy: the X byte is zero.
struct PixelView {
  const std::uint32_t* pixels = nullptr;
  std::size_t stride = 0;  // pixels from row to row
  int width = 0;
  int height = 0;

  [[nodiscard]] const std::uint32_t* row(int y) const noexcept { return pixels + static_cast<std::size_t>(y) * stride; }
  [[nodiscard]] std::size_t area() const noexcept {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

// A private copy of a rectangle: the X byte is zero, rows follow each other without a gap.
struct PixelBlock {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> pixels;

  [[nodiscard]] const std::uint32_t* row(int y) const noexcept {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
  [[nodiscard]] PixelView view(const Rect& rect) const noexcept {
    return {row(rect.y) + rect.x, static_cast<std::size_t>(width), rect.width, rect.height};
  }
};

void load_block(const FrameView& frame, const Rect& rect, PixelBlock& block);

// Which rows and which columns have a pixel that differs from the colour: a bit each (encode/bit_scan.h), words enough
// for them all.
void mark_drawn(const PixelView& view, std::uint32_t colour, std::uint64_t* rows, std::uint64_t* columns);

// How a drawing looks, at one glance.
struct Texture {
  std::size_t runs = 0;        // of equal pixels, row after row
  std::size_t background = 0;  // pixels of that colour
};
[[nodiscard]] Texture look_at(const PixelView& view, std::uint32_t background);

// Where its runs begin: a bit for each pixel, words_for(width) words for each row (encode/bit_scan.h). A run goes on in
// the next row when that begins with the same colour.
void find_runs(const PixelView& view, std::vector<std::uint64_t>& starts);

// How many of pixels 1 .. count-1 differ from the one before; reads the frame itself, ignores X.
[[nodiscard]] std::size_t count_changes(const std::byte* row, std::size_t count);

// One column of a block seen against a background: pixels [on, off) are the smallest range that holds all others
// (0, 0: none), and their hash.
struct ColumnShape {
  std::uint64_t hash = 0;
  std::uint8_t on = 0;
  std::uint8_t off = 0;
};

// Fills shapes[0 .. view.width). view.height <= 255.
void scan_columns(const PixelView& view, std::uint32_t background, std::vector<ColumnShape>& shapes);

}  // namespace tobari::display
