// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/display/region.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace tobari::display {

namespace {

// What of `from` lies outside `hole`: at most four pieces (above, below, left, right).
struct Pieces {
  std::array<Rect, 4> rects;
  std::size_t count = 0;
  void push(const Rect& r) {
    if (!r.empty()) rects[count++] = r;
  }
};

Pieces outside(const Rect& from, const Rect& hole) {
  Pieces pieces;
  const Rect common = intersect(from, hole);
  if (common.empty()) {
    pieces.push(from);
    return pieces;
  }
  pieces.push({from.x, from.y, from.width, common.y - from.y});
  pieces.push({from.x, common.bottom(), from.width, from.bottom() - common.bottom()});
  pieces.push({from.x, common.y, common.x - from.x, common.height});
  pieces.push({common.right(), common.y, from.right() - common.right(), common.height});
  return pieces;
}

bool touches(const Rect& a, const Rect& b) { return !intersect(a, b).empty(); }

// Two rectangles whose union is a rectangle.
bool joins(const Rect& a, const Rect& b) {
  const bool side_by_side = a.y == b.y && a.height == b.height && (a.right() == b.x || b.right() == a.x);
  const bool stacked = a.x == b.x && a.width == b.width && (a.bottom() == b.y || b.bottom() == a.y);
  return side_by_side || stacked;
}

// Appends a rectangle that overlaps none of `rects`, joined with neighbours as long as that gives rectangles.
void append_joined(std::vector<Rect>& rects, Rect rect) {
  for (std::size_t i = 0; i < rects.size();) {
    if (!joins(rects[i], rect)) {
      ++i;
      continue;
    }
    rect = unite(rects[i], rect);
    rects[i] = rects.back();
    rects.pop_back();
    i = 0;
  }
  rects.push_back(rect);
}

}  // namespace

void Region::add(const Rect& rect) {
  if (rect.empty()) return;
  if (std::ranges::any_of(rects_, [&rect](const Rect& have) { return intersect(have, rect) == rect; })) return;
  cut_out(rect);  // what is kept stays disjoint, and rectangles inside the new one vanish
  append_joined(rects_, rect);
  if (rects_.size() > kMaxRects) coarsen();
}

void Region::add(const Region& other) {
  if (&other == this) return;
  for (const Rect& rect : other.rects_) add(rect);
}

void Region::subtract(const Rect& rect) {
  if (rect.empty()) return;
  cut_out(rect);
  if (rects_.size() > kMaxRects) coarsen();
}

void Region::cut_out(const Rect& rect) {
  // Most rectangles touch nothing, and a guest may send a million in a second.
  if (std::ranges::none_of(rects_, [&rect](const Rect& have) { return touches(have, rect); })) return;
  std::vector<Rect> rest;
  rest.reserve(rects_.size() + 4);
  for (const Rect& have : rects_) {
    const Pieces pieces = outside(have, rect);
    rest.insert(rest.end(), pieces.rects.begin(), pieces.rects.begin() + static_cast<std::ptrdiff_t>(pieces.count));
  }
  rects_ = std::move(rest);
}

void Region::clip(const Rect& to) {
  std::vector<Rect> rest;
  rest.reserve(rects_.size());
  for (const Rect& have : rects_) {
    if (const Rect common = intersect(have, to); !common.empty()) rest.push_back(common);
  }
  rects_ = std::move(rest);
}

long Region::area() const noexcept {
  long sum = 0;
  for (const Rect& rect : rects_) sum += rect.area();
  return sum;
}

Rect Region::bounding_box() const noexcept {
  Rect box;
  for (const Rect& rect : rects_) box = unite(box, rect);
  return box;
}

bool Region::contains(Point p) const noexcept {
  return std::ranges::any_of(
      rects_, [p](const Rect& r) { return p.x >= r.x && p.x < r.right() && p.y >= r.y && p.y < r.bottom(); });
}

void Region::coarsen() {
  constexpr int kCareful = 8;  // times; a region that still grows is being flooded
  if (overflows_ < kCareful) {
    ++overflows_;
    join_nearest();
  } else {
    snap_to_grid();
  }
}

// With the least waste. Each round makes one rectangle of at least two, so the loop ends.
void Region::join_nearest() {
  std::ranges::sort(rects_, [](const Rect& a, const Rect& b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); });
  while (rects_.size() > kMaxRects * 3 / 4) {
    std::size_t best = 0;
    long least_waste = std::numeric_limits<long>::max();
    for (std::size_t i = 0; i + 1 < rects_.size(); ++i) {
      const long waste = unite(rects_[i], rects_[i + 1]).area() - rects_[i].area() - rects_[i + 1].area();
      if (waste < least_waste) {
        least_waste = waste;
        best = i;
      }
    }
    Rect box = unite(rects_[best], rects_[best + 1]);
    // Whatever the box overlaps it takes in whole, until it overlaps nothing any more.
    for (bool grew = true; grew;) {
      grew = false;
      std::erase_if(rects_, [&](const Rect& r) {
        if (!touches(r, box)) return false;
        box = unite(box, r);
        grew = true;
        return true;
      });
    }
    const auto place = std::ranges::lower_bound(
        rects_, box, [](const Rect& a, const Rect& b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); });
    rects_.insert(place, box);
  }
}

// Wasteful, but in one pass: every rectangle is cut along a grid over all of them, and each cell keeps the box of what
// it holds: disjoint, never smaller. With so few cells a flood of small rectangles soon falls into boxes that hold it
// already, and costs one look at each of those.
void Region::snap_to_grid() {
  constexpr int kSide = 8;
  const Rect all = bounding_box();
  const int width = (all.width + kSide - 1) / kSide;
  const int height = (all.height + kSide - 1) / kSide;
  std::array<Rect, std::size_t{kSide} * kSide> boxes{};
  for (const Rect& rect : rects_) {
    for (int row = (rect.y - all.y) / height; all.y + row * height < rect.bottom(); ++row) {
      for (int column = (rect.x - all.x) / width; all.x + column * width < rect.right(); ++column) {
        Rect& box = boxes[static_cast<std::size_t>(row * kSide + column)];
        box = unite(box, intersect(rect, {all.x + column * width, all.y + row * height, width, height}));
      }
    }
  }
  rects_.clear();
  for (const Rect& box : boxes) {
    if (!box.empty()) append_joined(rects_, box);
  }
}

}  // namespace tobari::display
