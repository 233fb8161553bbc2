// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/move_extent.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tobari::display {

namespace {

// What copying one row of a block is worth, in pixels: it shows what it should and did not before; it was right before
// and is not any more; it is wrong before and after.
constexpr std::int8_t kRight = kScanBlock;
constexpr std::int8_t kWrong = -kScanBlock;
constexpr std::int8_t kUseless = -8;

constexpr int kMinGroup = 16;
constexpr int kMaxGroups = 128;

bool same_colour(const std::byte* a, const std::byte* b) {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::memcpy(&first, a, sizeof first);
  std::memcpy(&second, b, sizeof second);
  return ((first ^ second) & 0x00FFFFFFu) == 0;
}

// By how many pixels, of at most `limit`, the rectangle can grow to one side (step -1: left, 1: right) so that most
// rows still show what has moved.
int growth(const FrameView& live, const FrameView& kept, const Rect& to, Point by, int limit, int step) {
  std::array<int, kScanBlock> reach{};  // rows that match for exactly so many pixels
  limit = std::min(limit, kScanBlock - 1);
  const int first = step < 0 ? to.x - 1 : to.right();
  for (int y = to.y; y < to.bottom(); ++y) {
    int run = 0;
    while (run < limit && same_colour(live.at(first + step * run, y), kept.at(first + step * run - by.x, y - by.y))) {
      ++run;
    }
    ++reach[static_cast<std::size_t>(run)];
  }
  int rows = 0;
  for (int run = limit; run > 0; --run) {
    rows += reach[static_cast<std::size_t>(run)];
    if (rows * 8 >= to.height * 7) return run;
  }
  return 0;
}

}  // namespace

// The contiguous part with the largest sum; blank ends are left away.
MoveExtent::Span MoveExtent::best_span(const std::vector<long>& values, int from, int to) {
  Span best{from, from, 0};
  Span open{from, from, 0};
  for (int i = from; i < to; ++i) {
    if (open.sum <= 0) open = {i, i, 0};
    open.sum += values[static_cast<std::size_t>(i)];
    open.end = i + 1;
    if (open.sum > best.sum) best = open;
  }
  return best;
}

// What the copy would make right if all rows were like every eighth.
long MoveExtent::promised(const FrameView& live, const FrameView& kept, const Rect& box, Point by) {
  constexpr int kStep = 8;
  const auto columns = static_cast<std::size_t>((box.width + kScanBlock - 1) / kScanBlock);
  moved_.resize(columns);
  still_.resize(columns);
  long right = 0;
  for (int y = box.y; y < box.bottom(); y += kStep) {
    equal_blocks(live.at(box.x, y), kept.at(box.x - by.x, y - by.y), box.width, moved_.data());
    equal_blocks(live.at(box.x, y), kept.at(box.x, y), box.width, still_.data());
    for (std::size_t i = 0; i < columns; ++i) right += moved_[i] != 0 && still_[i] == 0 ? 1 : 0;
  }
  return right * kStep * kScanBlock;
}

void MoveExtent::score(const FrameView& live, const FrameView& kept, const Rect& box, Point by) {
  columns_ = (box.width + kScanBlock - 1) / kScanBlock;
  rows_ = box.height;
  group_ = std::max(kMinGroup, (rows_ + kMaxGroups - 1) / kMaxGroups);
  const auto columns = static_cast<std::size_t>(columns_);
  scores_.resize(columns * static_cast<std::size_t>(rows_));
  groups_.assign(columns * static_cast<std::size_t>((rows_ + group_ - 1) / group_), 0);
  moved_.resize(columns);
  still_.resize(columns);
  for (int row = 0; row < rows_; ++row) {
    const int y = box.y + row;
    equal_blocks(live.at(box.x, y), kept.at(box.x - by.x, y - by.y), box.width, moved_.data());
    equal_blocks(live.at(box.x, y), kept.at(box.x, y), box.width, still_.data());
    std::int8_t* const scores = scores_.data() + static_cast<std::size_t>(row) * columns;
    std::int32_t* const groups = groups_.data() + static_cast<std::size_t>(row / group_) * columns;
    for (std::size_t i = 0; i < columns; ++i) {
      const bool moved = moved_[i] != 0;
      const bool still = still_[i] != 0;
      scores[i] = moved ? (still ? std::int8_t{0} : kRight) : (still ? kWrong : kUseless);
      groups[i] += scores[i];
    }
  }
}

// The rectangle of whole groups with the largest sum.
bool MoveExtent::best_of_groups(Span& rows, Span& columns) {
  const int groups = (rows_ + group_ - 1) / group_;
  long best = 0;
  for (int left = 0; left < columns_; ++left) {
    sums_.assign(static_cast<std::size_t>(groups), 0);
    for (int right = left; right < columns_; ++right) {
      for (int i = 0; i < groups; ++i) {
        sums_[static_cast<std::size_t>(i)] += groups_[static_cast<std::size_t>(i * columns_ + right)];
      }
      const Span span = best_span(sums_, 0, groups);
      if (span.sum <= best) continue;
      best = span.sum;
      rows = {span.begin * group_, std::min(rows_, span.end * group_), span.sum};
      columns = {left, right + 1, span.sum};
    }
  }
  return best > 0;
}

MoveExtent::Span MoveExtent::exact_rows(const Span& rough, const Span& columns) {
  sums_.assign(static_cast<std::size_t>(rows_), 0);
  const int from = std::max(0, rough.begin - group_);
  const int to = std::min(rows_, rough.end + group_);
  for (int row = from; row < to; ++row) {
    for (int column = columns.begin; column < columns.end; ++column) {
      sums_[static_cast<std::size_t>(row)] += scores_[static_cast<std::size_t>(row * columns_ + column)];
    }
  }
  return best_span(sums_, from, to);
}

MoveExtent::Span MoveExtent::exact_columns(const Span& rows) {
  sums_.assign(static_cast<std::size_t>(columns_), 0);
  for (int row = rows.begin; row < rows.end; ++row) {
    for (int column = 0; column < columns_; ++column) {
      sums_[static_cast<std::size_t>(column)] += scores_[static_cast<std::size_t>(row * columns_ + column)];
    }
  }
  return best_span(sums_, 0, columns_);
}

MoveExtent::Found MoveExtent::find(const FrameView& live, const FrameView& kept, const Rect& area, Point by,
                                   long wanted) {
  const Rect whole = bounds(live.size);
  const Rect box = intersect(area, {whole.x + by.x, whole.y + by.y, whole.width, whole.height});
  // Half of it: eight rows more or less are nothing to be exact about.
  if (box.empty() || promised(live, kept, box, by) * 2 < wanted) return {};
  score(live, kept, box, by);
  Span rows;
  Span columns;
  if (!best_of_groups(rows, columns)) return {};
  rows = exact_rows(rows, columns);
  columns = exact_columns(rows);
  if (columns.sum <= 0) return {};
  Rect to{box.x + columns.begin * kScanBlock, box.y + rows.begin, 0, rows.end - rows.begin};
  to.width = std::min(box.right(), box.x + columns.end * kScanBlock) - to.x;
  const int left = growth(live, kept, to, by, to.x - box.x, -1);
  const int right = growth(live, kept, to, by, box.right() - to.right(), 1);
  return {{to.x - left, to.y, to.width + left + right, to.height}, columns.sum};
}

}  // namespace tobari::display
