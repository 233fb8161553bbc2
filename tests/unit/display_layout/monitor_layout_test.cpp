// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <tobari/display/monitor.h>

namespace tobari::display {
namespace {

Monitor at(int x, int y, int width = 800, int height = 600, bool primary = false) {
  Monitor monitor;
  monitor.place = {x, y, width, height};
  monitor.primary = primary;
  return monitor;
}

std::vector<Point> origins(const MonitorLayout& layout) {
  std::vector<Point> all;
  for (const Monitor& m : layout.monitors()) all.push_back({m.place.x, m.place.y});
  return all;
}

TEST(MonitorLayout, IsInReadingOrderWhateverTheOrderItWasSaid) {
  const auto layout = MonitorLayout::create({at(800, 600), at(0, 600), at(800, 0), at(0, 0)}).value();
  EXPECT_EQ(origins(layout), (std::vector<Point>{{0, 0}, {800, 0}, {0, 600}, {800, 600}}));
}

TEST(MonitorLayout, MonitorsThatAreNotLevelAreOneRow) {
  const auto layout = MonitorLayout::create({at(1920, -360, 2560, 1440), at(0, 0, 1920, 1080, true)}).value();
  EXPECT_EQ(origins(layout), (std::vector<Point>{{0, 0}, {1920, -360}}));
  EXPECT_EQ(layout.primary(), 0U);
  EXPECT_EQ(layout.size(), (Size{4480, 1440}));
}

TEST(MonitorLayout, NormalizedBeginsAtTheTopLeft) {
  const auto layout = MonitorLayout::create({at(0, 0, 800, 600, true), at(-1024, -200, 1024, 768)}).value();
  EXPECT_EQ(origins(layout), (std::vector<Point>{{-1024, -200}, {0, 0}}));
  EXPECT_EQ(origins(layout.normalized()), (std::vector<Point>{{0, 0}, {1024, 200}}));
  EXPECT_EQ(layout.normalized().size(), layout.size());
  EXPECT_EQ(layout.normalized().primary(), 1U);
}

TEST(MonitorLayout, HasExactlyOnePrimary) {
  const auto none = MonitorLayout::create({at(-800, 0), at(0, 0)}).value();
  EXPECT_EQ(none.monitors()[none.primary()].place.x, 0) << "the one at the origin";
  const auto both = MonitorLayout::create({at(0, 0, 800, 600, true), at(800, 0, 800, 600, true)}).value();
  int primaries = 0;
  for (const Monitor& m : both.monitors()) primaries += m.primary ? 1 : 0;
  EXPECT_EQ(primaries, 1);
  EXPECT_TRUE(MonitorLayout::create({at(50, 50)}).value().monitors()[0].primary);
}

TEST(MonitorLayout, RefusesWhatIsAbsurd) {
  constexpr int kMax = std::numeric_limits<int>::max();
  constexpr int kMin = std::numeric_limits<int>::min();
  const std::vector<std::vector<Monitor>> absurd{
      {},
      std::vector<Monitor>(17, at(0, 0)),
      {at(0, 0, 0, 600)},
      {at(0, 0, 800, -1)},
      {at(0, 0, kMax, kMax)},
      {at(kMax, kMax)},
      {at(kMin, kMin)},
      {at(0, 0), at(799, 599)},
      {at(0, 0), at(0, 0)},
      {at(-32000, 0), at(32000, 0)},
      {at(0, 0, 16384, 16384)},
  };
  for (const auto& monitors : absurd) {
    const auto layout = MonitorLayout::create(monitors);
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().code, Errc::kInvalidArgument);
    EXPECT_FALSE(layout.error().message.empty());
  }
}

TEST(MonitorLayout, SixteenLargeMonitorsAreNotAbsurd) {
  std::vector<Monitor> wall;
  for (int i = 0; i < 16; ++i) wall.push_back(at(i % 4 * 3840, i / 4 * 2160, 3840, 2160));
  const auto layout = MonitorLayout::create(wall);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->pixels(), MonitorLayout::kMaxPixels);
}

TEST(MonitorLayout, ALimitKeepsThePrimaryFirst) {
  const auto layout = MonitorLayout::create({at(0, 0), at(800, 0), at(1600, 0, 800, 600, true)}).value();
  EXPECT_EQ(origins(layout.limited(2, 1'000'000'000)), (std::vector<Point>{{0, 0}, {1600, 0}}));
  EXPECT_EQ(origins(layout.limited(16, 800 * 600)), (std::vector<Point>{{1600, 0}}));
  EXPECT_TRUE(layout.limited(16, 800 * 600 - 1).empty());
  EXPECT_TRUE(layout.limited(0, 1'000'000'000).empty());
  EXPECT_EQ(layout.limited(16, 1'000'000'000), layout);
  EXPECT_TRUE(MonitorLayout{}.limited(16, 1).empty());
}

TEST(MonitorLayout, AnyNumbersGiveALayoutThatHoldsItsPromisesOrAnError) {
  std::mt19937 random(11);
  const auto any = [&random](int range) {
    return static_cast<int>(random() % static_cast<unsigned>(range)) - range / 2;
  };
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<Monitor> monitors;
    const int range = i % 2 == 0 ? 6000 : 80'000;
    for (auto n = random() % 5; n > 0; --n) monitors.push_back(at(any(range), any(range), any(range), any(range)));
    const auto layout = MonitorLayout::create(monitors);
    if (!layout) continue;
    ++taken;
    ASSERT_EQ(layout->monitors().size(), monitors.size());
    const MonitorLayout shifted = layout->normalized();
    const Size size = shifted.size();
    ASSERT_LE(std::max(size.width, size.height), MonitorLayout::kMaxDesktopSide);
    for (const Monitor& m : shifted.monitors()) ASSERT_EQ(intersect(m.place, bounds(size)), m.place);
  }
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace tobari::display
