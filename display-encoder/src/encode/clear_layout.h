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
  void push_spans(const std::vector<std::uint64_t>& drawn, int count, int gap);
  // Calls `use` with each span above `base`; the stack is as high as `base` afterwards.
  template <class Use>
  void each_span(std::size_t base, const Use& use);

  std::uint32_t background_ = 0;
  int max_height_ = 0;
  std::vector<std::uint64_t> rows_;  // what is drawn in the rectangle at hand, a bit each
  std::vector<std::uint64_t> columns_;
  std::vector<Span> spans_;  // a stack: of this cut above those of the cuts around it
  std::vector<Rect> found_;
};

}  // namespace tobari::display
