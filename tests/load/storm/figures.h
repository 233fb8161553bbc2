// SPDX-License-Identifier: GPL-3.0-or-later
// What many times come down to. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace tobari::load {

struct Figures {
  std::size_t count = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double worst = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};

// By nearest rank: the p99 of 1000 values is the 990th of them in order, the p99 of 3 the third.
[[nodiscard]] Figures figures_of(std::vector<double> values);

}  // namespace tobari::load
