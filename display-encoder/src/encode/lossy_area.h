// SPDX-License-Identifier: GPL-3.0-or-later
// What the client was sent with loss, and since when each part of it has rested.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <tobari/display/move.h>
#include <tobari/display/region.h>

#include "encode/cell_grid.h"

namespace tobari::display {

class LossyArea {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void reset(Size size);
  void add(const Region& sent, Time now);  // inside the surface
  void subtract(const Rect& exact) { area_.subtract(exact); }
  // The client's pixels moved, and loss with them; what arrives counts as added now.
  void move(const Move& move, Time now);

  [[nodiscard]] const Region& area() const noexcept { return area_; }
  // What follows the last addition so soon is motion, which has stopped when the next one stays away: seven quarters of
  // the time between the last two, within these bounds. What came alone rests after the shortest time.
  static constexpr std::chrono::milliseconds kMotion{200};
  static constexpr std::chrono::milliseconds kShortestRest{60};
  static constexpr std::chrono::milliseconds kLongestRest{100};
  // What of it rests now: of that the newest, which is what somebody looks at.
  static constexpr std::chrono::milliseconds kTogether{100};
  [[nodiscard]] Region newest_rested(Time now) const;
  // When the next part of it rests, maybe long ago; none: nothing is lossy.
  [[nodiscard]] std::optional<Time> next_rest() const;

 private:
  CellGrid grid_;
  Region area_;
  struct Cell {
    Time added{};
    Time rests{};  // from then on
  };
  std::vector<Cell> cells_;
};

}  // namespace tobari::display
