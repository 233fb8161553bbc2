// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/row_bands.h"

#include <algorithm>

namespace tobari::display {

std::vector<Band> bands_of(const Region& wanted, int height) {
  std::vector<Band> all;
  for (const Rect& rect : wanted.rects()) {
    const Band band{std::max(rect.y, 0), std::min(rect.bottom(), height)};
    if (band.top < band.bottom) all.push_back(band);
  }
  std::ranges::sort(all, {}, &Band::top);
  std::vector<Band> merged;
  for (const Band& band : all) {
    const bool near = !merged.empty() && band.top <= merged.back().bottom + kWorthMerging;
    if (near || merged.size() == kMaxBands) {
      merged.back().bottom = std::max(merged.back().bottom, band.bottom);
    } else {
      merged.push_back(band);
    }
  }
  return merged;
}

}  // namespace tobari::display
