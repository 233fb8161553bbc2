// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/lossy_area.h"

#include <algorithm>

#include "encode/copy_commands.h"

namespace tobari::display {

void LossyArea::reset(Size size) {
  grid_ = CellGrid(size);
  area_.clear();
  added_.assign(grid_.count(), Time{});
}

void LossyArea::add(const Region& sent, Time now) {
  area_.add(sent);
  for (const Rect& rect : sent.rects()) {
    grid_.each(rect, [this, now](std::size_t cell, const Rect&) { added_[cell] = now; });
  }
}

void LossyArea::move(const Move& move, Time now) { add(carry_along(area_, move), now); }

Region LossyArea::newest_untouched_since(Time since) const {
  std::optional<Time> newest;
  const auto each_rested = [this, since](const auto& visit) {
    for (const Rect& rect : area_.rects()) {
      grid_.each(rect, [&](std::size_t cell, const Rect& part) {
        if (added_[cell] <= since) visit(added_[cell], part);
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

std::optional<LossyArea::Time> LossyArea::oldest() const {
  std::optional<Time> oldest;
  for (const Rect& rect : area_.rects()) {
    grid_.each(rect,
               [&](std::size_t cell, const Rect&) { oldest = std::min(oldest.value_or(added_[cell]), added_[cell]); });
  }
  return oldest;
}

}  // namespace tobari::display
