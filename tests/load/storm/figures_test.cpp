// SPDX-License-Identifier: GPL-3.0-or-later
#include "figures.h"

#include <numeric>

#include <gtest/gtest.h>

namespace tobari::load {
namespace {

TEST(Figures, OfNothing) { EXPECT_EQ(figures_of({}), Figures()); }

TEST(Figures, OfOne) { EXPECT_EQ(figures_of({7}), (Figures{.count = 1, .p50 = 7, .p90 = 7, .p99 = 7, .worst = 7})); }

TEST(Figures, NearestRankInAnyOrder) {
  std::vector<double> values(1000);
  std::iota(values.rbegin(), values.rend(), 1.0);
  EXPECT_EQ(figures_of(values), (Figures{.count = 1000, .p50 = 500, .p90 = 900, .p99 = 990, .worst = 1000}));
}

TEST(Figures, AFewAreNotBetterThanTheirWorst) { EXPECT_EQ(figures_of({1, 2, 900}).p99, 900); }

}  // namespace
}  // namespace tobari::load
