// SPDX-License-Identifier: GPL-3.0-or-later
// Finds what is drawn on a background: lines of text, icons, borders. Cuts a block along empty rows, then along empty
// columns, and again inside what remains (an XY cut), so that a line of text becomes one rectangle wherever it stands.
#pragma once

#include <cstdint>
#include <vector>

#include "encode/pixel_scan.h"

namespace tobari::display {

class ClearLayout {
 public:
  // The colour of most of some hundred pixels looked at.
  [[nodiscard]] static std::uint32_t background_of(const PixelBlock& block);

  // Rectangles, relative to the block, of at most `max_height` rows each, that hold every pixel which is not
  // background. Valid until the next call.
  [[nodiscard]] const std::vector<Rect>& find(const PixelBlock& block, std::uint32_t background, int max_height);

 private:
  struct Span {
    int from;
    int to;
  };
  void cut(const PixelBlock& block, const Rect& rect, int depth);
  [[nodiscard]] static std::vector<Span> spans(const std::vector<std::uint32_t>& drawn, std::size_t count, int gap);

  std::uint32_t background_ = 0;
  int max_height_ = 0;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> columns_;
  std::vector<Rect> found_;
};

}  // namespace tobari::display
