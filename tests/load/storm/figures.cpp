// SPDX-License-Identifier: GPL-3.0-or-later
#include "figures.h"

#include <algorithm>

namespace tobari::load {

Figures figures_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&values](std::size_t percent) {
    const std::size_t rank = (values.size() * percent + 99) / 100;
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  return {.count = values.size(), .p50 = at(50), .p90 = at(90), .p99 = at(99), .worst = values.back()};
}

}  // namespace tobari::load
