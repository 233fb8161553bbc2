// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/tile_diff.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tobari::display {

namespace {

constexpr std::size_t kRowAlignment = 64;

// A command for a rectangle costs about as much as this many unchanged pixels (its headers; pixels that did not change
// compress well), so joining two rectangles may add that many.
constexpr long kPixelsOfACommand = 512;

// A search that finds nothing is paid for nothing: while video plays, one picture in so many is searched.
constexpr unsigned kMaxSkip = 15;

// The smallest rectangle around what differed in tile `index`; empty when nothing did.
Rect changed_in(const TileMarks& marks, int index) {
  if (marks.first_row < 0) return {};
  const auto differs = [](std::uint32_t column) { return column != 0; };
  const auto first = std::ranges::find_if(marks.columns, differs);
  const auto last = std::find_if(marks.columns.rbegin(), marks.columns.rend(), differs);
  const int left = static_cast<int>(first - marks.columns.begin());
  const int right = static_cast<int>(marks.columns.rend() - last);
  return {index * kTileSide + left, marks.first_row, right - left, marks.last_row - marks.first_row + 1};
}

bool cheaper_joined(const Rect& a, const Rect& b) {
  return unite(a, b).area() <= a.area() + b.area() + kPixelsOfACommand;
}

// Joins each rectangle of a row of tiles with its left neighbour, or with one from above that reached its tile.
void append_joined(std::vector<Rect>& rects, std::size_t row_start, const Rect& rect) {
  if (rects.size() > row_start && cheaper_joined(rects.back(), rect)) {
    rects.back() = unite(rects.back(), rect);
    return;
  }
  rects.push_back(rect);
}

// Joins rectangles of the newest row of tiles with those above them.
void join_with_above(std::vector<Rect>& rects, std::size_t above_start, std::size_t row_start) {
  for (std::size_t i = row_start; i < rects.size(); ++i) {
    for (std::size_t j = above_start; j < row_start; ++j) {
      if (rects[j].empty() || !cheaper_joined(rects[j], rects[i])) continue;
      rects[i] = unite(rects[j], rects[i]);
      rects[j] = {};
    }
  }
}

}  // namespace

void TileDiff::reset(Size size, std::shared_ptr<const ScreenMark> mark) {
  size_ = size;
  mark_ = std::move(mark);
  stride_ = (static_cast<std::size_t>(size.width) * kBytesPerPixel + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  storage_.assign(stride_ * static_cast<std::size_t>(size.height) + kRowAlignment, std::byte{0});
  storage_.shrink_to_fit();
  const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
  first_row_ = (kRowAlignment - address % kRowAlignment) % kRowAlignment;
  unseen_ = Region(bounds(size));
  patience_ = {};
}

FrameView TileDiff::picture() const noexcept { return {storage_.data() + first_row_, size_, stride_}; }

void TileDiff::copy(const FrameView& live, const Rect& rect) {
  std::byte* const base = storage_.data() + first_row_;
  const std::size_t left = static_cast<std::size_t>(rect.x) * kBytesPerPixel;
  for (int y = rect.y; y < rect.bottom(); ++y) {
    std::byte* const row = base + static_cast<std::size_t>(y) * stride_;
    const RowMark mark = mark_of(y);
    if (mark.empty()) {
      std::memcpy(row + left, live.at(rect.x, y), static_cast<std::size_t>(rect.width) * kBytesPerPixel);
    } else {
      mark_row(live.row(y), row, rect.x, rect.right(), mark);
    }
  }
}

Region TileDiff::update(const FrameView& live, const Region& damage) {
  Region to_compare = damage;
  to_compare.clip(bounds(size_));
  Region changed;
  if (!unseen_.empty()) {
    Region first_seen;
    for (const Rect& rect : to_compare.rects()) {
      for (const Rect& unseen : unseen_.rects()) first_seen.add(intersect(rect, unseen));
    }
    for (const Rect& rect : first_seen.rects()) {
      copy(live, rect);
      to_compare.subtract(rect);
      unseen_.subtract(rect);
    }
    changed = std::move(first_seen);
  }
  for (const Rect& rect : to_compare.rects()) changed.add(compare(live, rect));
  return changed;
}

// A scroll or a dragged window reaches us as one large rectangle or as the pieces of one. Around changes that are
// scattered over the desktop a box would be mostly empty: of those, the largest is looked at.
Rect TileDiff::searchable(const Region& damage) {
  constexpr long kMaxEmptiness = 3;  // boxes up to so many times as large as the damage in them
  Rect box = damage.bounding_box();
  if (box.area() > damage.area() * kMaxEmptiness) {
    box = std::ranges::max(damage.rects(), {}, [](const Rect& rect) { return rect.area(); });
  }
  return box.area() >= MoveSearch::kMinChanged ? box : Rect{};
}

bool TileDiff::Patience::rests() {
  if (to_skip_ == 0) return false;
  --to_skip_;
  return true;
}

void TileDiff::Patience::nothing_found() { to_skip_ = std::min(kMaxSkip, (1u << std::min(++fruitless_, 8u)) - 1); }

std::vector<Move> TileDiff::follow_moves(const FrameView& live, const Rect& area) {
  std::vector<Move> moves;
  const Rect inside = intersect(area, bounds(size_));
  if (inside.empty() || !unseen_.empty() || (mark_ && mark_->covers_everything())) return moves;
  const ShownPicture shown(live, mark_.get());
  while (moves.size() < kMaxMoves) {
    Patience& patience = patience_[moves.size()];
    if (patience.rests() || !search_.promising(shown, picture(), inside)) break;
    const auto found = search_.find(shown, picture(), inside);
    if (!found) {
      patience.nothing_found();
      break;
    }
    patience.found();
    carry_out(*found);
    moves.push_back(*found);
  }
  return moves;
}

void TileDiff::carry_out(const Move& move) {
  std::byte* const base = storage_.data() + first_row_;
  const auto at = [&](int x, int y) {
    return base + static_cast<std::size_t>(y) * stride_ + static_cast<std::size_t>(x) * kBytesPerPixel;
  };
  // Against the direction of the move, so that no row is written before it was read.
  for (int i = 0; i < move.to.height; ++i) {
    const int y = move.by.y > 0 ? move.to.bottom() - 1 - i : move.to.y + i;
    std::memmove(at(move.to.x, y), at(move.to.x - move.by.x, y - move.by.y),
                 static_cast<std::size_t>(move.to.width) * kBytesPerPixel);
  }
}

Region TileDiff::compare(const FrameView& live, const Rect& rect) {
  std::vector<Rect> rects;
  std::size_t above_start = 0;
  const int tiles = (size_.width + kTile - 1) / kTile;
  std::byte* const kept = storage_.data() + first_row_;
  for (int top = rect.y; top < rect.bottom();) {
    const int bottom = std::min(rect.bottom(), (top / kTile + 1) * kTile);
    marks_.assign(static_cast<std::size_t>(tiles), TileMarks{});
    for (int y = top; y < bottom; ++y) {
      compare_and_copy_row(live.row(y), kept + static_cast<std::size_t>(y) * stride_, rect.x, rect.right(), y,
                           marks_.data(), mark_of(y));
    }
    const std::size_t row_start = rects.size();
    for (int tile = rect.x / kTile; tile * kTile < rect.right(); ++tile) {
      const Rect found = changed_in(marks_[static_cast<std::size_t>(tile)], tile);
      if (!found.empty()) append_joined(rects, row_start, found);
    }
    join_with_above(rects, above_start, row_start);
    above_start = row_start;
    top = bottom;
  }
  Region changed;
  for (const Rect& found : rects) changed.add(found);
  return changed;
}

}  // namespace tobari::display
