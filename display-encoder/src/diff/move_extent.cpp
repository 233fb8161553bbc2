// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/move_extent.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace tobari::display {

namespace {

// What copying one row of a block is worth, in pixels: it shows what it should and did not before; it was right before
// and is not any more; it is wrong before and after.
constexpr std::int8_t kRight = kScanBlock;
constexpr std::int8_t kWrong = -kScanBlock;
constexpr std::int8_t kUseless = -8;

constexpr int kMinGroup = 2;  // samples
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
int growth(const ShownPicture& live, const FrameView& kept, const Rect& to, Point by, int limit, int step) {
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

// One row in kSampled, not always the same one of them: what is drawn repeats itself, too.
int MoveExtent::sampled_row(int sample) const noexcept {
  constexpr int kStride = 5;  // has no factor in common with kSampled
  return std::min(rows_ - 1, sample * kSampled + sample * kStride % kSampled);
}

// Into row_, of the blocks [from_column, to_column).
void MoveExtent::score_row(const Question& about, int row, int from_column, int to_column) {
  const auto count = static_cast<std::size_t>(to_column - from_column);
  const int x = about.box.x + from_column * kScanBlock;
  const int y = about.box.y + row;
  const int width = std::min(about.box.right() - x, static_cast<int>(count) * kScanBlock);
  row_.resize(count);
  moved_.resize(count);
  still_.resize(count);
  equal_blocks(about.live.at(x, y), about.kept.at(x - about.by.x, y - about.by.y), width, moved_.data());
  equal_blocks(about.live.at(x, y), about.kept.at(x, y), width, still_.data());
  for (std::size_t i = 0; i < count; ++i) {
    const bool moved = moved_[i] != 0;
    const bool still = still_[i] != 0;
    row_[i] = moved ? (still ? std::int8_t{0} : kRight) : (still ? kWrong : kUseless);
  }
}

// Returns what the copy would make right, in pixels, if all rows were like these.
long MoveExtent::score_samples(const Question& about) {
  columns_ = (about.box.width + kScanBlock - 1) / kScanBlock;
  rows_ = about.box.height;
  samples_ = (rows_ + kSampled - 1) / kSampled;
  group_ = std::max(kMinGroup, (samples_ + kMaxGroups - 1) / kMaxGroups);
  const auto columns = static_cast<std::size_t>(columns_);
  scores_.resize(columns * static_cast<std::size_t>(samples_));
  groups_.assign(columns * static_cast<std::size_t>((samples_ + group_ - 1) / group_), 0);
  long right = 0;
  for (int sample = 0; sample < samples_; ++sample) {
    score_row(about, sampled_row(sample), 0, columns_);
    std::ranges::copy(row_, scores_.begin() + static_cast<std::ptrdiff_t>(sample) * columns_);
    std::int32_t* const groups = groups_.data() + static_cast<std::size_t>(sample / group_) * columns;
    for (std::size_t i = 0; i < columns; ++i) {
      groups[i] += row_[i];
      right += row_[i] == kRight ? kRight : 0;
    }
  }
  return right * kSampled;
}

// The rectangle of whole groups with the largest sum.
bool MoveExtent::best_of_groups(Span& samples, Span& columns) {
  const int groups = (samples_ + group_ - 1) / group_;
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
      samples = {span.begin * group_, std::min(samples_, span.end * group_), span.sum};
      columns = {left, right + 1, span.sum};
    }
  }
  return best > 0;
}

// How far from the row boundary `inner`, inside of what moved, towards `outer` it is best to go: looks at every row
// between the two.
int MoveExtent::edge(const Question& about, const Span& columns, int inner, int outer) {
  const int step = outer < inner ? -1 : 1;
  long sum = 0;
  long best = 0;
  int found = inner;
  for (int at = inner; at != outer; at += step) {
    score_row(about, step < 0 ? at - 1 : at, columns.begin, columns.end);
    for (const std::int8_t score : row_) sum += score;
    if (sum <= best) continue;
    best = sum;
    found = at + step;
  }
  return found;
}

MoveExtent::Span MoveExtent::exact_columns(int top, int bottom) {
  sums_.assign(static_cast<std::size_t>(columns_), 0);
  for (int sample = 0; sample < samples_; ++sample) {
    if (const int row = sampled_row(sample); row < top || row >= bottom) continue;
    for (int column = 0; column < columns_; ++column) {
      sums_[static_cast<std::size_t>(column)] += scores_[static_cast<std::size_t>(sample * columns_ + column)];
    }
  }
  return best_span(sums_, 0, columns_);
}

MoveExtent::Found MoveExtent::find(const ShownPicture& live, const FrameView& kept, const Rect& area, Point by,
                                   long wanted) {
  const Rect whole = bounds(live.size);
  const Rect box = intersect(area, {whole.x + by.x, whole.y + by.y, whole.width, whole.height});
  const Question about{live, kept, box, by};
  // Half of it: eight rows more or less are nothing to be exact about.
  if (box.empty() || score_samples(about) * 2 < wanted) return {};
  Span samples;
  Span columns;
  if (!best_of_groups(samples, columns)) return {};
  // A sample speaks for its neighbours, and a group's first may have been one that did not move.
  const int reach = (group_ + 1) * kSampled;
  const int middle = std::min(rows_, (samples.begin + samples.end) / 2 * kSampled);
  const int begin = samples.begin * kSampled;
  const int end = std::min(rows_, samples.end * kSampled);
  const int top = edge(about, columns, std::min(begin + reach, middle), std::max(0, begin - reach));
  const int bottom = edge(about, columns, std::max(end - reach, middle), std::min(rows_, end + reach));
  columns = exact_columns(top, bottom);
  if (columns.sum <= 0) return {};
  Rect to{box.x + columns.begin * kScanBlock, box.y + top, 0, bottom - top};
  to.width = std::min(box.right(), box.x + columns.end * kScanBlock) - to.x;
  const int left = growth(live, kept, to, by, to.x - box.x, -1);
  const int right = growth(live, kept, to, by, box.right() - to.right(), 1);
  return {{to.x - left, to.y, to.width + left + right, to.height}, columns.sum * kSampled};
}

}  // namespace tobari::display
