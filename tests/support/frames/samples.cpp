// SPDX-License-Identifier: GPL-3.0-or-later
#include "frames/samples.h"

#include <algorithm>
#include <format>

namespace tobari::testing {

std::string Samples::json() const {
  std::vector<double> sorted = ms_;
  std::ranges::sort(sorted);
  const auto at = [&sorted](double share) {
    return sorted.empty() ? -1.0
                          : sorted[std::min(sorted.size() - 1,
                                            static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
  };
  return std::format(R"({{"n":{},"p50":{:.1f},"p95":{:.1f},"p99":{:.1f},"max":{:.1f}}})", sorted.size(), at(0.5),
                     at(0.95), at(0.99), sorted.empty() ? -1.0 : sorted.back());
}

}  // namespace tobari::testing
