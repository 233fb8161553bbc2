// SPDX-License-Identifier: GPL-3.0-or-later
// A choice; all of them: build/release/bin/watermark_trial.
#include <tobari/watermark/mark_reader.h>

#include <gtest/gtest.h>

#include "desktops.h"
#include "distortions.h"
#include "trial.h"

namespace tobari::watermark {
namespace {

using namespace display::testing;
using display::Size;

class Distorted : public ::testing::TestWithParam<std::size_t> {};

// Each distortion once, on different desktops.
TEST_P(Distorted, IsRead) {
  const std::size_t index = GetParam() * kDesktops + GetParam() * 7 % kDesktops;
  const Trial trial = distorted(index);
  const auto reading = read_mark(trial.picture);
  ASSERT_TRUE(reading) << trial.what;
  EXPECT_EQ(reading->number, trial.number) << trial.what;
}

INSTANTIATE_TEST_SUITE_P(MarkReader, Distorted, ::testing::Range(std::size_t{0}, kDistortions));

TEST(MarkReader, FindsNothingWhereNothingIs) {
  for (std::size_t i = 0; i < 11; ++i) {
    const Trial trial = unmarked(i);
    EXPECT_FALSE(read_mark(trial.picture)) << trial.what;
  }
}

TEST(MarkReader, SaysHowLargeTheDesktopIsShown) {
  const Photo photo = photo_of(marked(make_desktop(Desktop::kInterface, {1280, 800}, 3), 9));
  const auto whole = read_mark(grey_of(photo));
  ASSERT_TRUE(whole);
  EXPECT_NEAR(whole->scale, 1, 0.01);
  const auto larger = read_mark(grey_of(scaled(photo, 1.6)));
  ASSERT_TRUE(larger);
  EXPECT_NEAR(larger->scale, 1.6, 0.02);
}

TEST(MarkReader, LooksAtNoPictureThatIsNone) {
  EXPECT_FALSE(read_mark({}));
  EXPECT_FALSE(read_mark({-4, -4, std::vector<std::uint8_t>(16)}));
  EXPECT_FALSE(read_mark({1000, 1000, std::vector<std::uint8_t>(999)}));
  EXPECT_FALSE(read_mark({kMaxPictureSide + 1, 1, std::vector<std::uint8_t>(kMaxPictureSide + 1)}));
  EXPECT_FALSE(read_mark({kMinPictureSide - 1, 400, std::vector<std::uint8_t>((kMinPictureSide - 1) * 400)}));
  for (const int side : {kMinPictureSide, kMinPictureSide + 1, 257}) {
    for (const std::uint8_t level : {std::uint8_t{0}, std::uint8_t{255}}) {
      const auto area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
      EXPECT_FALSE(read_mark({side, side, std::vector<std::uint8_t>(area, level)}));
    }
  }
}

}  // namespace
}  // namespace tobari::watermark
