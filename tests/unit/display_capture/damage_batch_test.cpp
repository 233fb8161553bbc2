// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/damage_batch.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

TEST(DamageBatch, HoldsWhatIsAddedAndIgnoresWhatIsThere) {
  DamageBatch batch;
  batch.add({});
  EXPECT_TRUE(batch.empty());
  batch.add({0, 0, 10, 10});
  batch.add({2, 2, 3, 3});
  batch.add({20, 0, 1, 1});
  EXPECT_EQ(batch.rects().size(), 2U);
  batch.clear();
  EXPECT_TRUE(batch.empty());
}

TEST(DamageBatch, NeverGrowsAndNeverForgets) {
  DamageBatch batch;
  for (int i = 0; i < 1000; ++i) batch.add({i * 2, i, 1, 1});
  EXPECT_TRUE(batch.full());
  ASSERT_EQ(batch.rects().size(), DamageBatch::kMaxRects);
  EXPECT_EQ(intersect(batch.rects().back(), {1998, 999, 1, 1}), (Rect{1998, 999, 1, 1}));
}

}  // namespace
}  // namespace tobari::display
