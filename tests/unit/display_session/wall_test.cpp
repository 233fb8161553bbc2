// SPDX-License-Identifier: GPL-3.0-or-later
// Several desktops in one session.
#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>

#include "capture/test_pattern_source.h"
#include "session/burst_limit.h"
#include "session/display_session.h"
#include "session/notice.h"
#include "session/turns.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

// Counts what it is asked for; otherwise a test pattern.
class Asked final : public FramebufferSource {
 public:
  Asked(std::unique_ptr<TestPatternSource> source, std::atomic<int>& count)
      : source_(std::move(source)), count_(count) {}
  Result<void> start(SourceEvents& events) override { return source_->start(events); }
  void stop() noexcept override { source_->stop(); }
  Result<FrameView> acquire(const Region& wanted) override { return source_->acquire(wanted); }
  Result<void> request_mode(const SourceMode& mode) override {
    ++count_;
    return source_->request_mode(mode);
  }
  InputSink& input() noexcept override { return source_->input(); }

 private:
  std::unique_ptr<TestPatternSource> source_;
  std::atomic<int>& count_;
};

class WallWatcher final : public SessionObserver {
 public:
  void on_client_connected(const ClientInfo& /*client*/, const Admitted& /*admitted*/) override {}
  void on_client_closed(const ClientLabel& /*client*/, const Admitted* /*admitted*/, const Error& /*reason*/) override {
  }
  void on_source_lost(std::size_t screen, const Error& /*reason*/) override { lost = static_cast<int>(screen); }
  std::atomic<int> lost = -1;
};

// Two monitors above two others; the last one is the primary. Every size is another, so that pictures differ.
constexpr std::array<Rect, 4> kPlaces{
    {{-400, -300, 400, 300}, {0, -300, 320, 300}, {-400, 0, 400, 240}, {0, 0, 320, 240}}};

MonitorLayout four_monitors() {
  std::vector<Monitor> monitors;
  for (const Rect& place : kPlaces) {
    Monitor monitor;
    monitor.place = place;
    monitor.primary = place.x == 0 && place.y == 0;
    monitors.push_back(monitor);
  }
  return MonitorLayout::create(monitors).value();
}
Rect on_desktop(std::size_t i) { return {kPlaces[i].x + 400, kPlaces[i].y + 300, kPlaces[i].width, kPlaces[i].height}; }
Size size_of(std::size_t i) { return {kPlaces[i].width, kPlaces[i].height}; }

class WallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < 4; ++i) plug(i);
  }
  void plug(std::size_t i) {
    auto source = TestPatternSource::make("card", {300, 200}).value();
    sources[i] = source.get();
    session.set_source(i, std::make_unique<Asked>(std::move(source), asked));
  }
  FakeDisplayTransport& connect(const MonitorLayout& layout, policy::Grant grant = {}) {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    Admitted admitted;
    admitted.grant = std::move(grant);
    told = client.authenticate({"fake", "name", layout}, admitted);
    client.become_ready();
    return client;
  }
  static bool shows(FakeDisplayTransport& client, const Canvas& picture, const Rect& place) {
    return client.wait_until([&](const auto& c) { return c.shows(picture.view(), {place.x, place.y}); });
  }
  static bool shows_card(FakeDisplayTransport& client, std::size_t i) {
    return shows(client, TestPattern(Pattern::kCard, size_of(i)).canvas(), on_desktop(i));
  }
  static bool shows_all(FakeDisplayTransport& client) {
    return shows_card(client, 0) && shows_card(client, 1) && shows_card(client, 2) && shows_card(client, 3);
  }

  std::atomic<int> asked = 0;
  WallWatcher watcher;
  DisplaySession session{watcher, 4};
  std::array<TestPatternSource*, 4> sources{};
  MonitorLayout told;
};

TEST_F(WallTest, EveryMonitorShowsItsOwnDesktopAtItsOwnSize) {
  auto& client = connect(four_monitors());
  EXPECT_EQ(told, four_monitors()) << "before the first picture, and where the client has them";
  EXPECT_TRUE(shows_all(client));
}

// A wall of a host: the display knows how many desktops there will be before it gets the first.
TEST(WallOfAHost, AScreenWaitsForItsDesktopWhileTheOthersAreShown) {
  WallWatcher watcher;
  DisplaySession session(watcher);
  session.add_screens(2);
  const auto plug = [&session](std::size_t i) {
    session.set_source(i, TestPatternSource::make("card", size_of(0)).value());
  };
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(session.add_client(std::move(made), {"fake", ""}));
  Monitor left{.place = {0, 0, 400, 300}, .primary = true, .physical = {}};
  Monitor right{.place = {400, 0, 400, 300}, .physical = {}};
  EXPECT_EQ(client.authenticate({"fake", "name", MonitorLayout::create({left, right}).value()}, {}).monitors().size(),
            2U);
  client.become_ready();
  const auto shows = [&client](const Canvas& picture, Point where) {
    return client.wait_until([&](const auto& c) { return c.shows(picture.view(), where); });
  };
  const Canvas card = TestPattern(Pattern::kCard, size_of(0)).canvas();
  plug(1);
  EXPECT_TRUE(shows(card, {400, 0}));
  EXPECT_TRUE(shows(draw_notice(size_of(0), "WAITING FOR THIS DESKTOP"), {0, 0}));
  plug(0);
  EXPECT_TRUE(shows(card, {0, 0}));
}

TEST_F(WallTest, InputReachesTheDesktopUnderThePointer) {
  auto& client = connect(four_monitors());
  ASSERT_TRUE(shows_all(client));
  const auto press_a = [&client] {
    client.input().key({0x1E, false, true});
    client.input().key({0x1E, false, false});
  };
  std::array<TestPattern, 4> expected{TestPattern(Pattern::kCard, size_of(0)), TestPattern(Pattern::kCard, size_of(1)),
                                      TestPattern(Pattern::kCard, size_of(2)), TestPattern(Pattern::kCard, size_of(3))};
  press_a();
  expected[3].echo(echo_cell(size_of(3), 0x1E, false));
  EXPECT_TRUE(shows(client, expected[3].canvas(), on_desktop(3))) << "keys go to the primary monitor at first";
  client.input().move({{on_desktop(1).x + 5, on_desktop(1).y + 5}});
  client.input().button({Button::kLeft, true});
  client.input().button({Button::kLeft, false});
  press_a();
  expected[1].echo(echo_cell(size_of(1), Button::kLeft));
  expected[1].echo(echo_cell(size_of(1), 0x1E, false));
  EXPECT_TRUE(shows(client, expected[1].canvas(), on_desktop(1)));
  for (const std::size_t i : {0U, 2U, 3U}) EXPECT_TRUE(shows(client, expected[i].canvas(), on_desktop(i)));
}

TEST_F(WallTest, ADesktopThatDiesLeavesTheOthersRunning) {
  auto& client = connect(four_monitors());
  ASSERT_TRUE(shows_all(client));
  sources[2]->lose("on purpose");
  EXPECT_TRUE(shows(client, draw_notice(size_of(2), "THIS DESKTOP HAS ENDED"), on_desktop(2)));
  EXPECT_EQ(watcher.lost, 2);
  client.input().key({0x1E, false, true});
  TestPattern last(Pattern::kCard, size_of(3));
  last.echo(echo_cell(size_of(3), 0x1E, false));
  EXPECT_TRUE(shows(client, last.canvas(), on_desktop(3)));
  plug(2);
  EXPECT_TRUE(shows_card(client, 2)) << "and it may come back";
}

TEST_F(WallTest, AMonitorWithoutADesktopSaysSo) {
  const MonitorLayout four = four_monitors();
  std::vector<Monitor> monitors(four.monitors().begin(), four.monitors().end());
  Monitor fifth;
  fifth.place = {320, 0, 320, 200};
  monitors.push_back(fifth);
  auto& client = connect(MonitorLayout::create(monitors).value());
  EXPECT_TRUE(shows(client, draw_notice({320, 200}, "NO DESKTOP FOR THIS MONITOR"), {720, 300, 320, 200}));
  EXPECT_TRUE(shows_all(client));
}

TEST_F(WallTest, OnOneMonitorTheyAreSideBySide) {
  auto& client = connect(MonitorLayout::single({800, 600}));
  const TestPattern card(Pattern::kCard, {300, 200});
  for (const Point at : {Point{0, 0}, Point{300, 0}, Point{0, 200}, Point{300, 200}}) {
    EXPECT_TRUE(shows(client, card.canvas(), {at.x, at.y, 300, 200}));
  }
}

TEST_F(WallTest, MonitorsComeAndGoWhileItRuns) {
  auto& client = connect(MonitorLayout::single({800, 600}));
  client.events().on_layout_wish(four_monitors());
  EXPECT_TRUE(shows_all(client));
  client.events().on_layout_wish(MonitorLayout::single({1400, 1000}));
  const TestPattern card(Pattern::kCard, {700, 500});
  EXPECT_TRUE(shows(client, card.canvas(), {700, 500, 700, 500}));
}

TEST_F(WallTest, NotMoreMonitorsThanGranted) {
  policy::Grant grant;
  grant.max_monitors = 1;
  auto& client = connect(four_monitors(), grant);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.layouts() > 0; }));
  EXPECT_EQ(told.monitors().size(), 1U);
}

TEST_F(WallTest, AFloodOfLayoutsCostsFewRequestsAndEndsWithTheLast) {
  auto& client = connect(four_monitors());
  ASSERT_TRUE(shows_all(client));
  const int asked_before = asked;
  std::size_t layouts = 0;
  client.wait_until([&layouts](const auto& c) { return layouts = c.layouts(), true; });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) {
    client.events().on_layout_wish(MonitorLayout::single({1300 + i % 100, 1000}));
    if (i % 20 == 0) std::this_thread::yield();
  }
  client.events().on_layout_wish(four_monitors());
  ASSERT_TRUE(shows_all(client));
  const auto periods = (std::chrono::steady_clock::now() - begin) / BurstLimit::kPeriod + 2;
  const auto allowed = static_cast<std::size_t>(periods) * BurstLimit::kBurst;
  EXPECT_LE(static_cast<std::size_t>(asked - asked_before), allowed * 4);
  client.wait_until([&layouts](const auto& c) { return layouts = c.layouts() - layouts, true; });
  EXPECT_LE(layouts, allowed);
}

TEST_F(WallTest, AFloodOfSizesFromADesktopCostsFewLayouts) {
  auto& client = connect(MonitorLayout::single({500, 300}));  // too small to be split: desktops keep their sizes
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.layouts() > 0; }));
  std::size_t layouts = 0;
  client.wait_until([&layouts](const auto& c) { return layouts = c.layouts(), true; });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(sources[3]->request_size({200 + i % 7, 200}));
    std::this_thread::yield();
  }
  ASSERT_TRUE(sources[3]->request_size({333, 222}));
  const TestPattern card(Pattern::kCard, {333, 222});
  ASSERT_TRUE(client.wait_until([&card](const auto& c) { return c.shows(card.canvas().view(), {300, 200}); }));
  const auto periods = (std::chrono::steady_clock::now() - begin) / BurstLimit::kPeriod + 2;
  client.wait_until([&layouts](const auto& c) { return layouts = c.layouts() - layouts, true; });
  EXPECT_LE(layouts, static_cast<std::size_t>(periods) * BurstLimit::kBurst);
}

TEST_F(WallTest, ThePointerLooksAsTheDesktopUnderItWants) {
  auto& client = connect(four_monitors());
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.cursor().has_value(); }));
  sources[0]->lose("on purpose");
  client.input().move({{on_desktop(0).x + 9, on_desktop(0).y + 9}});
  EXPECT_TRUE(client.wait_until([](const auto& c) { return !c.cursor().has_value(); })) << "the client's own arrow";
  client.input().move({{on_desktop(3).x + 9, on_desktop(3).y + 9}});
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.cursor().has_value(); }));
}

// A virtual machine with two heads.
TEST_F(WallTest, ASpareHeadIsStartedWhenThereIsAMonitorForIt) {
  DisplaySession machine(watcher);
  machine.set_source(0, TestPatternSource::make("card", {300, 200}).value());
  machine.set_source(1, std::make_unique<Asked>(TestPatternSource::make("card", {300, 200}).value(), asked),
                     DisplaySession::Role::kSpareHead);
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(machine.add_client(std::move(made), {"fake", ""}));
  static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single({400, 300})}, {}));
  client.become_ready();
  ASSERT_TRUE(shows(client, TestPattern(Pattern::kCard, {400, 300}).canvas(), {0, 0, 400, 300}));
  EXPECT_EQ(client.size(), (Size{400, 300})) << "not a wall of two";
  EXPECT_EQ(asked, 0);
  std::vector<Monitor> two(2);
  two[0].place = {0, 0, 400, 300};
  two[1].place = {400, 0, 320, 240};
  client.events().on_layout_wish(MonitorLayout::create(two).value());
  EXPECT_TRUE(shows(client, TestPattern(Pattern::kCard, {320, 240}).canvas(), {400, 0, 320, 240}));
  client.events().on_layout_wish(MonitorLayout::single({400, 300}));
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.size() == Size{400, 300}; }));
  machine.stop();
}

TEST(Turns, ShortestFirstButNobodyWaitsForEver) {
  const std::chrono::steady_clock::time_point now{};
  EXPECT_LT(turn_of(now, 100), turn_of(now, 1920 * 1080));
  EXPECT_LT(turn_of(now - 1s, 3840 * 2160), turn_of(now, 1));
}

TEST(BurstLimit, SoManyAtOnceAndSoManyInTheLongRun) {
  BurstLimit limit;
  BurstLimit::Time now{};
  for (std::size_t i = 0; i < BurstLimit::kBurst; ++i) EXPECT_FALSE(limit.take(now));
  EXPECT_EQ(limit.take(now), now + BurstLimit::kPeriod);
  int taken = 0;
  for (int ms = 0; ms < 4000; ++ms) taken += limit.take(now + std::chrono::milliseconds(ms)) ? 0 : 1;
  EXPECT_LE(taken, 4000ms / BurstLimit::kPeriod * static_cast<int>(BurstLimit::kBurst));
  EXPECT_GE(taken, 60);
}

}  // namespace
}  // namespace tobari::display
