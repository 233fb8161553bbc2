// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_layout.h"

#include <algorithm>
#include <array>

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

std::vector<ClearLayout::Span> ClearLayout::spans(const std::vector<std::uint32_t>& drawn, std::size_t count, int gap) {
  std::vector<Span> result;
  for (std::size_t i = 0; i < count; ++i) {
    if (drawn[i] == 0) continue;
    const int at = static_cast<int>(i);
    if (!result.empty() && at - result.back().to < gap) {
      result.back().to = at + 1;
    } else {
      result.push_back({at, at + 1});
    }
  }
  return result;
}

void ClearLayout::cut(const PixelBlock& block, const Rect& rect, int depth) {
  rows_.assign(static_cast<std::size_t>(rect.height), 0);
  columns_.assign(static_cast<std::size_t>(rect.width), 0);
  for (int y = 0; y < rect.height; ++y) {
    rows_[static_cast<std::size_t>(y)] =
        mark_differing(block.row(rect.y + y) + rect.x, static_cast<std::size_t>(rect.width), background_,
                       columns_.data())
            ? 1u
            : 0u;
  }
  const std::vector<Span> lines = spans(rows_, rows_.size(), rect.height > kOneLine ? kRowGap : rect.height);
  if (lines.empty()) return;
  const std::vector<Span> parts = spans(columns_, columns_.size(), kColumnGap);
  const bool deeper = depth < kMaxDepth;
  if (lines.size() > 1 && deeper) {
    for (const Span& line : lines) {
      cut(block, {rect.x, rect.y + line.from, rect.width, line.to - line.from}, depth + 1);
    }
    return;
  }
  const int top = rect.y + lines.front().from;
  const int bottom = rect.y + lines.back().to;
  if (parts.size() > 1 && deeper) {
    for (const Span& part : parts) cut(block, {rect.x + part.from, top, part.to - part.from, bottom - top}, depth + 1);
    return;
  }
  const Rect tight{rect.x + parts.front().from, top, parts.back().to - parts.front().from, bottom - top};
  for (int y = tight.y; y < bottom; y += max_height_) {
    const Rect piece{tight.x, y, tight.width, std::min(max_height_, bottom - y)};
    // Without the rows above and below, a frame around text no longer ties its columns together.
    if (tight.height > max_height_ && deeper) {
      cut(block, piece, depth + 1);
    } else {
      found_.push_back(piece);
    }
  }
}

}  // namespace tobari::display
