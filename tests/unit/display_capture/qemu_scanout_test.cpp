// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_scanout.h"

#include <limits>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();

TEST(QemuScanout, TheLastRowIsNotPadded) {
  // Three heads on one picture, as measured: the file ends with the last pixel of the first head's last row.
  const auto scanout = check_scanout(1366, 768, 12760, kPixmanX8R8G8B8, 5464);
  ASSERT_TRUE(scanout.has_value());
  EXPECT_EQ(scanout->end(), 5464U + 767U * 12760U + 1366U * 4U);
}

TEST(QemuScanout, WhatAGuestCanAskForIsRefusedGently) {
  for (const auto& refused :
       {check_scanout(640, 480, 1280, 0x10020565, 0), check_scanout(0, 480, 2560, kPixmanX8R8G8B8, 0),
        check_scanout(kMaxSide + 1, 480, 70000, kPixmanX8R8G8B8, 0),
        check_scanout(640, 0xFFFFFFFF, 2560, kPixmanX8R8G8B8, 0)}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  }
}

TEST(QemuScanout, ContradictionsAreThePeersFault) {
  for (const auto& refused :
       {check_scanout(640, 480, 2556, kPixmanX8R8G8B8, 0), check_scanout(640, 480, 0, kPixmanX8R8G8B8, 0),
        check_scanout(640, 480, 2561, kPixmanX8R8G8B8, 0), check_scanout(640, 480, 2560, kPixmanX8R8G8B8, 2),
        check_scanout(640, 480, 0xFFFFFFFC, kPixmanX8R8G8B8, 0)}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kPeerProtocol);
  }
}

TEST(QemuScanout, UpdatesAreCutToTheSurface) {
  const Size surface{640, 480};
  EXPECT_EQ(clip_update(10, 20, 30, 40, surface), (Rect{10, 20, 30, 40}));
  EXPECT_EQ(clip_update(-5, -5, 10, 10, surface), (Rect{0, 0, 5, 5}));
  EXPECT_EQ(clip_update(630, 470, kMax, kMax, surface), (Rect{630, 470, 10, 10}));
  EXPECT_EQ(clip_update(kMin, kMin, kMax, kMax, surface), Rect{});
  EXPECT_EQ(clip_update(kMax, kMax, kMax, kMax, surface), Rect{});
  EXPECT_EQ(clip_update(0, 0, -1, 5, surface), Rect{});
  EXPECT_EQ(clip_update(0, 0, 5, 5, Size{}), Rect{});
}

// Three heads side by side on one picture, as measured with Xorg: 1366x768, 1024x768 and 800x600.
TEST(HeadPlace, IsReadFromOffsetAndStride) {
  constexpr std::size_t kFile = 12760UL * 768;
  const auto place = [](Size size, std::size_t offset) { return place_of_head({size, 12760, offset}, kFile); };
  EXPECT_EQ(place({1366, 768}, 0), (HeadPlace{{1366, 768}, {0, 0}, {3190, 768}}));
  EXPECT_EQ(place({1024, 768}, 5464), (HeadPlace{{1024, 768}, {1366, 0}, {3190, 768}}));
  EXPECT_EQ(place({800, 600}, 9560), (HeadPlace{{800, 600}, {2390, 0}, {3190, 768}}));
}

TEST(HeadPlace, OneHeadIsAllThereIsHoweverRowsAndFileArePadded) {
  const HeadPlace whole{{1366, 768}, {0, 0}, {1366, 768}};
  EXPECT_EQ(place_of_head({{1366, 768}, 5464, 0}, 5464UL * 768), whole);
  EXPECT_EQ(place_of_head({{1366, 768}, 5504, 0}, (5504UL * 768 + 4095) / 4096 * 4096), whole);
  EXPECT_EQ(place_of_head({{1366, 768}, 5464, 0}, 0), whole);
  EXPECT_EQ(whole.for_tablet({1365, 767}), (Point{1365, 767}));
  EXPECT_EQ(whole.for_tablet({-5, 99999}), (Point{0, 767}));
}

TEST(HeadPlace, HeadsBelowEachOther) {
  EXPECT_EQ(place_of_head({{800, 600}, 3200, 3200UL * 480}, 3200UL * 1080),
            (HeadPlace{{800, 600}, {0, 480}, {800, 1080}}));
}

// The guest's pointer is where the fraction of its whole picture says; QEMU makes that of the head's size.
TEST(HeadPlace, TheTabletReachesEveryPartOfEveryHead) {
  const HeadPlace second{{640, 480}, {1280, 0}, {1920, 480}};
  for (const Point on_head : {Point{0, 0}, Point{320, 240}, Point{639, 479}}) {
    const Point told = second.for_tablet(on_head);
    EXPECT_NEAR(told.x * 1920.0 / 640, on_head.x + 1280, 2);
    EXPECT_NEAR(told.y, on_head.y, 1);
    EXPECT_LT(told.x, 640);
  }
}

}  // namespace
}  // namespace tobari::display
