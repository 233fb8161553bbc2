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
  // What of it was last added at or before `since`: of that the newest, which is what somebody looks at.
  static constexpr std::chrono::milliseconds kTogether{100};
  [[nodiscard]] Region newest_untouched_since(Time since) const;
  // When the part that has rested longest was added; none: nothing is lossy.
  [[nodiscard]] std::optional<Time> oldest() const;

 private:
  CellGrid grid_;
  Region area_;
  std::vector<Time> added_;  // of each cell
};

}  // namespace tobari::display
