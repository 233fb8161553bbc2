// SPDX-License-Identifier: GPL-3.0-or-later
// How far a displacement holds: the rectangle that is best copied when pixels are thought to have moved.
#pragma once

#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/move.h>

#include "diff/row_scan.h"
#include "diff/shown_picture.h"

namespace tobari::display {

// Keeps its buffers between calls. Not thread safe.
class MoveExtent {
 public:
  struct Found {
    Rect to;        // empty: nothing is gained
    long gain = 0;  // pixels that the copy makes right, less those that it makes wrong; by samples
  };

  // Both pictures have one size; `area` lies inside. Looks at one row in kSampled and, when these promise `wanted`, at
  // all of them near the upper and lower edge of what it found.
  static constexpr int kSampled = 8;
  [[nodiscard]] Found find(const ShownPicture& live, const FrameView& kept, const Rect& area, Point by, long wanted);

 private:
  struct Span {
    int begin = 0;
    int end = 0;
    long sum = 0;
  };
  // What is compared with what.
  struct Question {
    const ShownPicture& live;
    const FrameView& kept;
    Rect box;
    Point by;
  };
  static Span best_span(const std::vector<long>& values, int from, int to);

  [[nodiscard]] int sampled_row(int sample) const noexcept;
  void score_row(const Question& about, int row, int from_column, int to_column);
  [[nodiscard]] long score_samples(const Question& about);
  [[nodiscard]] bool best_of_groups(Span& samples, Span& columns);
  [[nodiscard]] int edge(const Question& about, const Span& columns, int inner, int outer);
  [[nodiscard]] Span exact_columns(int top, int bottom);

  int columns_ = 0;  // blocks of kScanBlock pixels
  int rows_ = 0;
  int samples_ = 0;
  int group_ = 1;                    // samples
  std::vector<std::int8_t> scores_;  // of the samples' blocks
  std::vector<std::int8_t> row_;     // of one row's
  std::vector<std::int32_t> groups_;
  std::vector<long> sums_;
  std::vector<std::uint8_t> moved_;
  std::vector<std::uint8_t> still_;
};

}  // namespace tobari::display
