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

}  // namespace
}  // namespace tobari::display
