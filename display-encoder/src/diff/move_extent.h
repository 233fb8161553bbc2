// SPDX-License-Identifier: GPL-3.0-or-later
// How far a displacement holds: the rectangle that is best copied when pixels are thought to have moved.
#pragma once

#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/move.h>

#include "diff/row_scan.h"

namespace tobari::display {

// Keeps its buffers between calls. Not thread safe.
class MoveExtent {
 public:
  struct Found {
    Rect to;        // empty: nothing is gained
    long gain = 0;  // pixels that the copy makes right, less those that it makes wrong; to some tens
  };

  // Both pictures have one size; `area` lies inside. Looks at every row only where some of them promise `wanted`.
  [[nodiscard]] Found find(const FrameView& live, const FrameView& kept, const Rect& area, Point by, long wanted);

 private:
  struct Span {
    int begin = 0;
    int end = 0;
    long sum = 0;
  };
  static Span best_span(const std::vector<long>& values, int from, int to);

  [[nodiscard]] long promised(const FrameView& live, const FrameView& kept, const Rect& box, Point by);
  void score(const FrameView& live, const FrameView& kept, const Rect& box, Point by);
  [[nodiscard]] bool best_of_groups(Span& rows, Span& columns);
  Span exact_rows(const Span& rough, const Span& columns);
  Span exact_columns(const Span& rows);

  int columns_ = 0;  // blocks of kScanBlock pixels
  int rows_ = 0;
  int group_ = 1;  // rows
  std::vector<std::int8_t> scores_;
  std::vector<std::int32_t> groups_;
  std::vector<long> sums_;
  std::vector<std::uint8_t> moved_;
  std::vector<std::uint8_t> still_;
};

}  // namespace tobari::display
