// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the invisible mark out of a picture of a desktop that was stored with loss, scaled, cropped or photographed.
// How: docs/WATERMARK.md. No state, any thread; takes from tenths of a second to some seconds on one core for what
// screens show, longer for larger pictures, and memory of some ten bytes a pixel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tobari::watermark {

// What is looked at: sides up to kMaxPictureSide, and so many pixels. Others have no mark.
inline constexpr int kMaxPictureSide = 16384;
inline constexpr std::size_t kMaxPicturePixels = std::size_t{64} << 20;
inline constexpr int kMinPictureSide = 128;  // less cannot be read

struct GreyPicture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;  // luma, width * height, top row first
};

struct Reading {
  std::uint64_t number = 0;  // mark_number.h
  double scale = 1;          // pixels of the picture for one of the desktop, where it was found
  double certainty = 0;      // how far the synchronisation stands out of noise, in standard deviations
};

// None: there is no mark, or it cannot be read. A number is only returned when its check of 32 bits holds.
[[nodiscard]] std::optional<Reading> read_mark(const GreyPicture& picture);

}  // namespace tobari::watermark
