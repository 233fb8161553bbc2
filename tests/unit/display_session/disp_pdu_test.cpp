// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/disp_pdu.h"

#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::Bytes;

TEST(Disp, TakesTheOnlyMonitorWithinItsBounds) {
  const auto layout = [](std::uint32_t width, std::uint32_t height) {
    Bytes out;
    WireWriter w(out);
    for (const std::uint32_t v : {2U, 56U, 40U, 1U, 1U, 0U, 0U}) w.u32(v);
    w.u32(width);
    w.u32(height);
    w.zeros(20);
    return out;
  };
  EXPECT_EQ(disp::parse_layout(layout(1280, 720)).value().layout, MonitorLayout::single({1280, 720}));
  EXPECT_TRUE(disp::parse_layout(layout(100, 720)).value().layout.empty());
  EXPECT_TRUE(disp::parse_layout(layout(0xFFFFFFFF, 720)).value().layout.empty());
  Bytes cut = layout(1280, 720);
  cut.pop_back();
  EXPECT_FALSE(disp::parse_layout(cut));
}

Bytes layout_message(const std::vector<std::array<std::uint32_t, 10>>& monitors) {
  Bytes out;
  WireWriter w(out);
  for (const std::size_t v : {std::size_t{2}, 16 + monitors.size() * 40, std::size_t{40}, monitors.size()}) w.u32(v);
  for (const auto& monitor : monitors) {
    for (const std::uint32_t v : monitor) w.u32(v);
  }
  return out;
}

TEST(Disp, TakesEveryMonitorWithItsPlaceOrientationAndScale) {
  constexpr auto kLeft = static_cast<std::uint32_t>(-1080);
  const auto parsed = disp::parse_layout(
      layout_message({{1, 0, 0, 1920, 1080, 520, 290, 0, 150, 140}, {0, kLeft, 0, 1080, 1920, 5, 5, 90, 150, 150}}));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  const auto monitors = parsed->layout.monitors();
  ASSERT_EQ(monitors.size(), 2U);
  const Monitor& left = monitors[0];
  EXPECT_EQ(left.place, (Rect{-1080, 0, 1080, 1920}));
  EXPECT_EQ(left.orientation, Orientation::kPortrait);
  EXPECT_EQ(left.physical, Size{}) << "5 mm are no monitor";
  EXPECT_EQ(left.desktop_scale, 100U) << "a device scale of 150 makes both void";
  const Monitor& right = monitors[1];
  EXPECT_TRUE(right.primary);
  EXPECT_EQ(right.physical, (Size{520, 290}));
  EXPECT_EQ(right.desktop_scale, 150U);
  EXPECT_EQ(right.device_scale, 140U);
}

TEST(Disp, SaysWhyALayoutIsIgnored) {
  const auto why = [](const auto& monitors) { return disp::parse_layout(layout_message(monitors)).value().why; };
  using Monitors = std::vector<std::array<std::uint32_t, 10>>;
  EXPECT_EQ(why(Monitors{{1, 0, 0, 800, 600}, {0, 100, 0, 800, 600}}), "monitors that overlap");
  EXPECT_NE(why(Monitors{{1, 0, 0, 800, 0x80000000}}), "");
  EXPECT_NE(why(Monitors{{1, 0x7FFFFFFF, 0x7FFFFFFF, 800, 600}}), "");
  EXPECT_FALSE(disp::parse_layout(layout_message(Monitors(17))));
}

TEST(Disp, GarbageNeverCrashesIt) {
  std::mt19937 random(13);
  for (int i = 0; i < 20000; ++i) {
    Bytes message = layout_message(std::vector<std::array<std::uint32_t, 10>>(random() % 4 + 1));
    for (std::size_t k = 16; k < message.size(); ++k) {
      if (random() % 3 == 0) message[k] = static_cast<std::byte>(random());
    }
    static_cast<void>(disp::parse_layout(message));
  }
}

}  // namespace
}  // namespace tobari::display
