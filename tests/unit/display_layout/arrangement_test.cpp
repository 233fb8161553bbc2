// SPDX-License-Identifier: GPL-3.0-or-later
#include "layout/arrangement.h"

#include <random>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

constexpr Size kFullHd{1920, 1080};

MonitorLayout row(std::vector<Size> sizes, std::size_t primary = 0, int left = 0) {
  std::vector<Monitor> monitors;
  for (const Size& size : sizes) {
    Monitor monitor;
    monitor.place = {left, 0, size.width, size.height};
    monitor.primary = monitors.size() == primary;
    monitors.push_back(monitor);
    left += size.width;
  }
  return MonitorLayout::create(monitors).value();
}

std::vector<ScreenInfo> screens(std::vector<Size> sizes) {
  std::vector<ScreenInfo> all;
  for (const Size& size : sizes) all.push_back({size, false});
  return all;
}

std::vector<int> shown(const Arrangement& arrangement) {
  std::vector<int> all;
  for (const Pane& pane : arrangement.panes) all.push_back(pane.screen ? static_cast<int>(*pane.screen) : -1);
  return all;
}

TEST(Arrangement, OneScreenForOneMonitorDecidesTheDesktopsSize) {
  const auto client = MonitorLayout::single({1600, 900});
  const auto arrangement = arrange(client, screens({kFullHd}));
  EXPECT_EQ(arrangement.monitors.size(), kFullHd);
  ASSERT_EQ(arrangement.panes.size(), 1U);
  EXPECT_EQ(arrangement.panes[0].place, bounds(kFullHd));
  EXPECT_EQ(wishes(client, screens({kFullHd}))[0]->size, (Size{1600, 900}));
}

TEST(Arrangement, NothingKnownIsNothingShown) {
  EXPECT_TRUE(arrange({}, screens({{}})).panes.empty());
  EXPECT_EQ(wishes({}, screens({{}}))[0], std::nullopt);
}

TEST(Arrangement, AScreenAMonitor) {
  const auto client = row({kFullHd, {1280, 1024}}, 0, -1920);
  const auto arrangement = arrange(client, screens({kFullHd, {1280, 1024}}));
  EXPECT_EQ(arrangement.monitors, client) << "where the client has them";
  EXPECT_EQ(shown(arrangement), (std::vector{0, 1}));
  EXPECT_EQ(arrangement.panes[1].place, (Rect{1920, 0, 1280, 1024}));
  const auto wanted = wishes(client, screens({{}, {}}));
  EXPECT_EQ(wanted[0]->size, kFullHd);
  EXPECT_EQ(wanted[1]->size, (Size{1280, 1024}));
  EXPECT_EQ(wanted[1]->position, (Point{1920, 0}));
}

TEST(Arrangement, ASmallScreenIsInTheMiddleAndALargeOneCutOff) {
  const auto arrangement = arrange(row({kFullHd, kFullHd}), screens({{1280, 800}, {2560, 900}}));
  EXPECT_EQ(arrangement.panes[0].place, (Rect{320, 140, 1280, 800}));
  EXPECT_EQ(arrangement.panes[1].place, (Rect{1920, 90, 1920, 900}));
}

TEST(Arrangement, MonitorsLeftOverShowNothingButThePrimaryDoes) {
  EXPECT_EQ(shown(arrange(row({kFullHd, kFullHd, kFullHd}), screens({kFullHd, kFullHd}))), (std::vector{0, 1, -1}));
  EXPECT_EQ(shown(arrange(row({kFullHd, kFullHd, kFullHd}, 2), screens({kFullHd, kFullHd}))), (std::vector{0, -1, 1}));
  EXPECT_EQ(shown(arrange(row({kFullHd, kFullHd}, 1), screens({kFullHd}))), (std::vector{-1, 0}));
}

TEST(Arrangement, FewerMonitorsThanScreensIsAGrid) {
  const auto client = MonitorLayout::single({1920, 1200});
  const auto arrangement = arrange(client, screens({{800, 600}, {1024, 768}, {800, 600}, {640, 480}}));
  EXPECT_EQ(arrangement.monitors.size(), (Size{1824, 1368}));
  EXPECT_EQ(arrangement.panes[1].place, (Rect{800, 0, 1024, 768}));
  EXPECT_EQ(arrangement.panes[2].cell, (Rect{0, 768, 800, 600}));
  EXPECT_EQ(wishes(client, screens({{}, {}, {}, {}}))[3]->size, (Size{960, 600}));
  EXPECT_EQ(wishes(MonitorLayout::single({800, 600}), screens({{}, {}}))[0], std::nullopt) << "too small to be split";
}

TEST(Arrangement, SpareHeadsAreThereForMonitorsOnly) {
  std::vector<ScreenInfo> heads{{kFullHd, false}, {kFullHd, true}, {kFullHd, true}};
  const auto alone = MonitorLayout::single(kFullHd);
  EXPECT_EQ(shown(arrange(alone, heads)), (std::vector{0}));
  EXPECT_FALSE(wishes(alone, heads)[1]->shown);
  const auto two = row({kFullHd, kFullHd});
  EXPECT_EQ(shown(arrange(two, heads)), (std::vector{0, 1}));
  EXPECT_TRUE(wishes(two, heads)[1]->shown);
  EXPECT_FALSE(wishes(two, heads)[2]->shown);
}

TEST(Arrangement, AScaleBecomesDotsAnInch) {
  Monitor monitor;
  monitor.place = bounds(Size{3840, 2160});
  monitor.physical = {600, 340};
  const auto physical = [&monitor] {
    return wishes(MonitorLayout::create({monitor}).value(), screens({{}}))[0]->physical;
  };
  EXPECT_EQ(physical(), (Size{600, 340})) << "as the client says";
  monitor.physical = {3, 1'000'000};
  EXPECT_EQ(physical(), Size{}) << "absurd: not passed on";
  monitor.desktop_scale = 200;
  EXPECT_EQ(physical(), (Size{508, 285})) << "at 192 dots an inch";
}

TEST(Arrangement, SurfacesAreAlwaysInsideTheDesktopAndApart) {
  std::mt19937 random(5);
  const auto side = [&random] { return static_cast<int>(random() % 16384 + 1); };
  for (int i = 0; i < 5000; ++i) {
    std::vector<ScreenInfo> some(random() % 16 + 1);
    bool spare = false;
    for (ScreenInfo& info : some) {
      if (random() % 8 != 0) info.size = {side(), side()};
      info.spare = spare;
      spare = spare || random() % 4 == 0;
    }
    std::vector<Size> monitors(random() % 6);
    for (Size& size : monitors) size = {side() / 4 + 64, side() / 4 + 64};
    const auto arrangement = arrange(monitors.empty() ? MonitorLayout{} : row(monitors, 0, -100), some);
    const OutputLayout output = arrangement.output();
    const Rect desktop = bounds(output.monitors.size());
    for (std::size_t a = 0; a < output.surfaces.size(); ++a) {
      ASSERT_FALSE(output.surfaces[a].empty());
      ASSERT_EQ(intersect(output.surfaces[a], desktop), output.surfaces[a]);
      for (std::size_t b = 0; b < a; ++b) ASSERT_TRUE(intersect(output.surfaces[a], output.surfaces[b]).empty());
    }
    ASSERT_EQ(output.surfaces.empty(), output.monitors.empty());
  }
}

}  // namespace
}  // namespace tobari::display
