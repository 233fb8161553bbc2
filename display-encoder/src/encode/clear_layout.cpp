// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_layout.h"

#include <algorithm>
#include <array>

#include "encode/bit_scan.h"

namespace tobari::display {

namespace {

constexpr int kMaxDepth = 6;   // cuts inside cuts
constexpr int kColumnGap = 8;  // empty columns cost 2 bytes each, a rectangle of its own about 14
constexpr int kRowGap = 2;     // more than stands between a letter and its dot
constexpr int kOneLine = 24;   // a block this low is one line: no cut by rows
constexpr std::size_t kSamples = 256;

}  // namespace

std::uint32_t ClearLayout::background_of(const PixelBlock& block) {
  // Votes in a small table; two colours that share a place only lose some votes.
  std::array<std::uint32_t, 64> colours{};
  std::array<std::uint32_t, 64> votes{};
  const std::size_t total = block.pixels.size();
  // An odd step, so that the samples do not stand in one column.
  const std::size_t step = std::max<std::size_t>(1, total / kSamples) | 1u;
  std::size_t best = 0;
  for (std::size_t at = 0; at < total; at += step) {
    const std::uint32_t colour = block.pixels[at];
    const std::size_t place = (colour * 0x9E3779B1u) >> 26;
    if (colours[place] == colour) {
      ++votes[place];
    } else if (votes[place] == 0) {
      colours[place] = colour;
      votes[place] = 1;
    } else {
      --votes[place];
    }
    if (votes[place] > votes[best]) best = place;
  }
  return colours[best];
}

const std::vector<Rect>& ClearLayout::find(const PixelBlock& block, std::uint32_t background, int max_height) {
  background_ = background;
  max_height_ = max_height;
  found_.clear();
  cut(block, {0, 0, block.width, block.height}, 0);
  return found_;
}

void ClearLayout::push_spans(const std::vector<std::uint64_t>& drawn, int count, int gap) {
  const std::size_t base = spans_.size();
  const auto bits = static_cast<std::size_t>(count);
  for (std::size_t at = next_set(drawn.data(), 0, bits); at < bits;) {
    const std::size_t end = next_clear(drawn.data(), at, bits);
    if (spans_.size() > base && static_cast<int>(at) - spans_.back().to < gap) {
      spans_.back().to = static_cast<int>(end);
    } else {
      spans_.push_back({static_cast<int>(at), static_cast<int>(end)});
    }
    at = next_set(drawn.data(), end, bits);
  }
}

template <class Use>
void ClearLayout::each_span(std::size_t base, const Use& use) {
  const std::size_t top = spans_.size();
  for (std::size_t i = base; i < top; ++i) {
    const Span span = spans_[i];  // `use` may move the stack
    use(span);
  }
  spans_.resize(base);
}

void ClearLayout::cut(const PixelBlock& block, const Rect& rect, int depth) {
  rows_.resize(words_for(static_cast<std::size_t>(rect.height)));
  columns_.resize(words_for(static_cast<std::size_t>(rect.width)));
  mark_drawn(block.view(rect), background_, rows_.data(), columns_.data());
  const std::size_t base = spans_.size();
  push_spans(rows_, rect.height, rect.height > kOneLine ? kRowGap : rect.height);
  if (spans_.size() == base) return;
  const bool deeper = depth < kMaxDepth;
  if (spans_.size() - base > 1 && deeper) {
    each_span(base, [&](const Span& line) {
      cut(block, {rect.x, rect.y + line.from, rect.width, line.to - line.from}, depth + 1);
    });
    return;
  }
  const int top = rect.y + spans_[base].from;
  const int bottom = rect.y + spans_.back().to;
  spans_.resize(base);
  push_spans(columns_, rect.width, kColumnGap);
  if (spans_.size() - base > 1 && deeper) {
    each_span(base, [&](const Span& part) {
      cut(block, {rect.x + part.from, top, part.to - part.from, bottom - top}, depth + 1);
    });
    return;
  }
  const int left = rect.x + spans_[base].from;
  const int right = rect.x + spans_.back().to;
  spans_.resize(base);
  for (int y = top; y < bottom; y += max_height_) {
    const Rect piece{left, y, right - left, std::min(max_height_, bottom - y)};
    // Without the rows above and below, a frame around text no longer ties its columns together.
    if (bottom - top > max_height_ && deeper) {
      cut(block, piece, depth + 1);
    } else {
      found_.push_back(piece);
    }
  }
}

}  // namespace tobari::display
