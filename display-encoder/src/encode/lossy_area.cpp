// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/lossy_area.h"

#include <algorithm>

#include "encode/copy_commands.h"

namespace tobari::display {

void LossyArea::reset(Size size) {
  grid_ = CellGrid(size);
  area_.clear();
  cells_.assign(grid_.count(), Cell{});
}

void LossyArea::add(const Region& sent, Time now) {
  area_.add(sent);
  for (const Rect& rect : sent.rects()) {
    grid_.each(rect, [this, now](std::size_t index, const Rect&) {
      Cell& cell = cells_[index];
      const Time::duration since = now - cell.added;
      cell.added = now;
      cell.rests = now + (since < kMotion ? std::clamp<Time::duration>(since * 7 / 4, kShortestRest, kLongestRest)
                                          : Time::duration(kShortestRest));
    });
  }
}

void LossyArea::move(const Move& move, Time now) { add(carry_along(area_, move), now); }

Region LossyArea::newest_rested(Time now) const {
  std::optional<Time> newest;
  const auto each_rested = [this, now](const auto& visit) {
    for (const Rect& rect : area_.rects()) {
      grid_.each(rect, [&](std::size_t index, const Rect& part) {
        if (cells_[index].rests <= now) visit(cells_[index].added, part);
      });
    }
  };
  each_rested([&newest](Time added, const Rect&) { newest = std::max(newest.value_or(added), added); });
  Region rested;
  each_rested([&](Time added, const Rect& part) {
    if (*newest - added <= kTogether) rested.add(part);
  });
  return rested;
}

std::optional<LossyArea::Time> LossyArea::next_rest() const {
  std::optional<Time> next;
  for (const Rect& rect : area_.rects()) {
    grid_.each(rect, [&](std::size_t index, const Rect&) {
      next = std::min(next.value_or(cells_[index].rests), cells_[index].rests);
    });
  }
  return next;
}

}  // namespace tobari::display
