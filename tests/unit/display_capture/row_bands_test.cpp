// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/row_bands.h"

#include <gmock/gmock.h>

namespace tobari::display {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Region region(std::initializer_list<Rect> rects) {
  Region result;
  for (const Rect& rect : rects) result.add(rect);
  return result;
}

TEST(BandsOf, CoversTheRowsAndNoMoreThanItMust) {
  EXPECT_THAT(bands_of(Region{}, 480), IsEmpty());
  EXPECT_THAT(bands_of(region({{5, 10, 3, 8}}), 480), ElementsAre(Band{10, 18}));
  EXPECT_THAT(bands_of(region({{0, 400, 9, 9}, {0, 10, 9, 9}}), 480), ElementsAre(Band{10, 19}, Band{400, 409}));
}

TEST(BandsOf, NearRowsAreFetchedTogether) {
  EXPECT_THAT(bands_of(region({{0, 10, 9, 10}, {50, 40, 9, 10}}), 480), ElementsAre(Band{10, 50}));
  EXPECT_THAT(bands_of(region({{0, 10, 9, 90}, {50, 40, 9, 10}}), 480), ElementsAre(Band{10, 100}));
}

TEST(BandsOf, StaysInsideThePicture) {
  EXPECT_THAT(bands_of(region({{0, -5, 9, 10}}), 480), ElementsAre(Band{0, 5}));
  EXPECT_THAT(bands_of(region({{0, 470, 9, 100}}), 480), ElementsAre(Band{470, 480}));
  EXPECT_THAT(bands_of(region({{0, 500, 9, 100}}), 480), IsEmpty());
}

TEST(BandsOf, ThereAreNeverMany) {
  Region scattered;
  for (int i = 0; i < 100; ++i) scattered.add({0, i * 100, 1, 1});
  const auto bands = bands_of(scattered, 10000);
  EXPECT_EQ(bands.size(), kMaxBands);
  EXPECT_EQ(bands.back().bottom, 9901);
}

}  // namespace
}  // namespace tobari::display
