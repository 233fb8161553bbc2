// SPDX-License-Identifier: GPL-3.0-or-later
// A whole session with a recorder: what is played is what the client was shown.
#include <format>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>

#include "capture/test_pattern_source.h"
#include "host_side.h"
#include "playback/player.h"
#include "record/recorder.h"
#include "session/display_session.h"
#include "unit/display_session/session_fixture.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using playback::Canvas;
using playback::Player;

ClientInfo client_with(const MonitorLayout& layout) { return {"192.0.2.7", "pad", layout}; }

class SessionRecording : public ::testing::Test {
 protected:
  ~SessionRecording() override {
    session.stop();
    if (recorder) recorder->stop();
  }
  FakeDisplayTransport& connect(const MonitorLayout& layout, ClientCodecs codecs, bool required = true,
                                RecorderLimits limits = {}) {
    recorder = Recorder::create({keys.public_key, kSession, required, limits}, host.take_line()).value();
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", kSession}));
    Admitted admitted;
    admitted.session_id = kSession;
    admitted.grant.recording = required ? policy::Recording::kRequired : policy::Recording::kOptional;
    admitted.grant.invisible_watermark = marked;
    admitted.tap = recorder;
    static_cast<void>(client.authenticate(client_with(layout), admitted));
    client.become_ready(codecs);
    return client;
  }
  static bool shows(const Player& player, const Canvas& expected) {
    Canvas shown;
    player.picture(shown, false);
    return shown.size == expected.size && shown.pixels == expected.pixels;
  }
  static Canvas as_canvas(const FrameView& view) {
    Canvas canvas{view.size, {}};
    for (int y = 0; y < view.size.height; ++y) {
      for (int x = 0; x < view.size.width; ++x) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, view.at(x, y), sizeof pixel);
        canvas.pixels.push_back(pixel & 0xFFFFFF);
      }
    }
    return canvas;
  }
  recording::Recording finished() {
    session.stop();
    bytes = host.wait_for_end();
    auto read = recording::Recording::over(bytes).value();
    EXPECT_TRUE(read.unlock(keys.secret));
    return read;
  }

  recording::KeyPair keys = recording::make_key_pair();
  HostSide host;
  std::shared_ptr<Recorder> recorder;
  recording::Bytes bytes;
  bool marked = false;  // to be set before connect()
  EndObserver observer;
  DisplaySession session{observer};
};

constexpr ClientCodecs kPlain{.clear = false, .planar = false};
constexpr ClientCodecs kExact{.clear = true, .planar = true, .copy = true, .cached_tiles = 1000};

RecorderLimits often() {
  RecorderLimits limits;
  limits.idle_bytes = 500;
  limits.idle_times = 0;
  return limits;
}

constexpr ClientCodecs kAll{
    .clear = true, .planar = true, .avc420 = true, .progressive = true, .copy = true, .cached_tiles = 1000};

TEST_F(SessionRecording, TheLastPictureIsTheClientsLast) {
  const TestPattern card(Pattern::kCard, {320, 240});
  session.set_source(0, TestPatternSource::make("card", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain);
  ASSERT_TRUE(client.wait_until([&](const auto& c) { return c.shows(card.canvas().view()); }));
  const auto read = finished();
  Player player(read);
  ASSERT_TRUE(player.seek(read.end_us().value().value()));
  EXPECT_TRUE(shows(player, as_canvas(card.canvas().view())));
}

// Marks and all.
TEST_F(SessionRecording, WhatIsRecordedIsWhatWasShown) {
  marked = true;
  const auto expected = marked_canvas(TestPattern(Pattern::kCard, {320, 240}).canvas(), 0x0f8fad5bd9cb469fu);
  session.set_source(0, TestPatternSource::make("card", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain);
  ASSERT_TRUE(client.wait_until([&](const auto& c) { return c.shows(expected.view()); }));
  const auto read = finished();
  Player player(read);
  ASSERT_TRUE(player.seek(read.end_us().value().value()));
  EXPECT_TRUE(shows(player, as_canvas(expected.view())));
}

TEST_F(SessionRecording, SoItIsWithEveryCodec) {
  const TestPattern card(Pattern::kCard, {320, 240});
  session.set_source(0, TestPatternSource::make("card", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kAll);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 0; }));
  // At rest everything is exact; that a frame more comes later does no harm.
  const auto exact = [&] {
    const auto so_far = host.wait_for(1);
    auto read = recording::Recording::over(so_far);
    if (!read || !read->unlock(keys.secret)) return false;
    Player player(*read);
    return player.seek(~std::uint64_t{0}) && shows(player, as_canvas(card.canvas().view()));
  };
  bool found = false;
  for (int i = 0; i < 500 && !found; ++i) {
    found = exact();
    if (!found) std::this_thread::sleep_for(20ms);
  }
  EXPECT_TRUE(found);
  static_cast<void>(finished());
}

// From every place to begin, and by going on: the same pictures. Starts are asked for very often here, and only when
// nothing is owed to the client, so that it has what is in them.
TEST_F(SessionRecording, SeekingShowsWhatPlayingShows) {
  session.set_source(0, TestPatternSource::make("typing", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kExact, true, often());
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 100; }, 60s));
  const auto read = finished();
  const auto points = read.points().value();
  ASSERT_GT(points.size(), 5U);
  Player straight(read);
  ASSERT_TRUE(straight.seek(0));
  for (const recording::Point& point : points) {
    const std::uint64_t time = point.time_us + 10'000;
    ASSERT_TRUE(straight.play_until(time));
    Player jumped(read);
    ASSERT_TRUE(jumped.seek(time));
    Canvas expected;
    straight.picture(expected, false);
    EXPECT_TRUE(shows(jumped, expected)) << point.time_us;
  }
}

TEST_F(SessionRecording, ASeekReadsOnlyWhatIsNeeded) {
  session.set_source(0, TestPatternSource::make("video", {320, 240}).value());
  RecorderLimits limits;
  limits.busy_bytes = 200'000;
  limits.busy_times = 0;
  limits.flush_after = 30ms;
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain, true, limits);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 100; }, 60s));
  const auto read = finished();
  const auto points = read.points().value();
  Player player(read);
  ASSERT_TRUE(player.seek(points.back().time_us));
  EXPECT_LE(player.chunks_read(), 3U);
  EXPECT_GT(read.verify().value().chunks, 10U);
}

TEST_F(SessionRecording, SeveralMonitorsAndALayoutThatChanges) {
  const TestPattern left(Pattern::kCard, {320, 240});
  session.add_screens(2);
  session.set_source(0, TestPatternSource::make("card", {320, 240}).value());
  session.set_source(1, TestPatternSource::make("card", {320, 240}).value());
  Monitor first;
  first.place = {0, 0, 320, 240};
  first.primary = true;
  Monitor second;
  second.place = {320, 0, 320, 240};
  auto& client = connect(MonitorLayout::create({first, second}).value(), kPlain);
  const auto both = [&left](const auto& c) {
    return c.size() == Size{640, 240} && c.shows(left.canvas().view(), {0, 0}) &&
           c.shows(left.canvas().view(), {320, 0});
  };
  ASSERT_TRUE(client.wait_until(both));
  client.events().on_layout_wish(MonitorLayout::single({640, 480}));
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.layouts() > 1 && c.frames() > 4; }));
  const auto read = finished();
  const auto points = read.points().value();
  ASSERT_GE(points.size(), 2U);
  EXPECT_EQ(points[0].width, 640);
  EXPECT_EQ(points[0].height, 240);
  Player player(read);
  ASSERT_TRUE(player.seek(points[1].time_us - 1));
  Canvas shown;
  player.picture(shown, false);
  ASSERT_EQ(shown.size, (Size{640, 240}));
  const Size largest = playback::largest_desktop(read, 0, ~std::uint64_t{0}).value();
  EXPECT_GE(largest.height, 240);
}

TEST_F(SessionRecording, WhatMustBeRecordedAndIsNotIsNotShown) {
  session.set_source(0, TestPatternSource::make("card", {320, 240}).value());
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(session.add_client(std::move(made), {"fake", kSession}));
  Admitted admitted;
  admitted.grant.recording = policy::Recording::kRequired;
  static_cast<void>(client.authenticate(client_with(MonitorLayout::single({320, 240})), admitted));
  client.become_ready(kPlain);
  EXPECT_EQ(observer.wait(), FakeDisplayTransport::closed_for(CloseReason::kNotRecorded, 0));
}

TEST_F(SessionRecording, AHostThatFailsEndsTheSession) {
  session.set_source(0, TestPatternSource::make("video", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 3; }));
  host.fail();
  EXPECT_NE(observer.wait().find(std::format("reason {} ", static_cast<int>(CloseReason::kNotRecorded))),
            std::string::npos);
}

TEST_F(SessionRecording, AnOptionalOneGoesOn) {
  session.set_source(0, TestPatternSource::make("video", {320, 240}).value());
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain, false);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 3; }));
  host.fail();
  std::size_t then = 0;
  ASSERT_TRUE(client.wait_until([&then](const auto& c) {
    then = c.frames();
    return true;
  }));
  EXPECT_TRUE(client.wait_until([then](const auto& c) { return c.frames() > then + 20; }));
  EXPECT_TRUE(client.wait_until([](const auto& c) { return !c.closed().has_value(); }));
}

// While the host is behind nothing new is shown; when it has caught up everything goes on.
TEST_F(SessionRecording, AHostThatIsBehindHoldsThePicture) {
  session.set_source(0, TestPatternSource::make("video", {320, 240}).value());
  RecorderLimits limits;
  limits.unrecorded = 100ms;
  limits.flush_after = 20ms;
  auto& client = connect(MonitorLayout::single({320, 240}), kPlain, true, limits);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 3; }));
  host.answer_nothing(true);
  bool held = false;
  for (int i = 0; i < 1000 && !held; ++i) {
    std::this_thread::sleep_for(10ms);
    held = recorder->holds();
  }
  ASSERT_TRUE(held);
  std::size_t then = 0;
  // One frame may have been on its way.
  static_cast<void>(client.wait_until([&then](const auto& c) {
    then = c.frames();
    return true;
  }));
  EXPECT_FALSE(client.wait_until([then](const auto& c) { return c.frames() > then + 1; }, 300ms));
  host.answer_nothing(false);
  EXPECT_TRUE(client.wait_until([then](const auto& c) { return c.frames() > then + 10; }));
}

}  // namespace
}  // namespace tobari::display
