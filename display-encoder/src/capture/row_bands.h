// SPDX-License-Identifier: GPL-3.0-or-later
// Which rows to fetch where a fetch is a round trip. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include <tobari/display/region.h>

namespace tobari::display {

// Rows [top, bottom).
struct Band {
  int top = 0;
  int bottom = 0;
  friend bool operator==(const Band&, const Band&) = default;
};

// The rows that `wanted` touches inside a picture of that height, as few bands: each is a round trip to the server,
// which costs as much as copying kWorthMerging rows. Sorted, disjoint, at most kMaxBands.
inline constexpr int kWorthMerging = 32;
inline constexpr std::size_t kMaxBands = 8;
[[nodiscard]] std::vector<Band> bands_of(const Region& wanted, int height);

}  // namespace tobari::display
