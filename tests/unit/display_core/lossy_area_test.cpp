// SPDX-License-Identifier: GPL-3.0-or-later
// When what was sent with loss rests.
#include "encode/lossy_area.h"

#include <chrono>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

constexpr Rect kFilm{0, 0, 128, 128};

struct LossyAreaTest : ::testing::Test {
  LossyAreaTest() { area.reset({256, 128}); }
  void add(const Rect& rect, std::chrono::milliseconds at) { area.add(Region(rect), start + at); }
  LossyArea area;
  const LossyArea::Time start = LossyArea::Time{} + 1h;
};

TEST_F(LossyAreaTest, WhatCameAloneRestsSoonest) {
  EXPECT_EQ(area.next_rest(), std::nullopt);
  add(kFilm, 0ms);
  EXPECT_EQ(area.next_rest(), start + LossyArea::kShortestRest);
  EXPECT_TRUE(area.newest_rested(start + LossyArea::kShortestRest - 1ms).empty());
  EXPECT_EQ(area.newest_rested(start + LossyArea::kShortestRest).area(), kFilm.area());
}

TEST_F(LossyAreaTest, MotionRestsWhenTheNextPictureStaysAway) {
  for (int i = 0; i < 10; ++i) add(kFilm, i * 40ms);
  EXPECT_EQ(area.next_rest(), start + 9 * 40ms + 70ms);
  for (int i = 0; i < 10; ++i) add(kFilm, 1s + i * 90ms);
  EXPECT_EQ(area.next_rest(), start + 1s + 9 * 90ms + LossyArea::kLongestRest);
}

TEST_F(LossyAreaTest, EachPartHasItsOwnRest) {
  add(kFilm, 0ms);
  add({128, 0, 128, 128}, 50ms);
  EXPECT_EQ(area.newest_rested(start + 70ms).area(), kFilm.area());
  area.subtract(kFilm);
  EXPECT_EQ(area.next_rest(), start + 50ms + LossyArea::kShortestRest);
}

}  // namespace
}  // namespace tobari::display
