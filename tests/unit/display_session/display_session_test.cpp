// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/display_session.h"

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>

#include "capture/test_pattern_source.h"
#include "capture/tone_source.h"
#include "session/notice.h"
#include "support/pointer_desktop.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
constexpr Size kSize{320, 240};

class Watcher final : public SessionObserver {
 public:
  void on_client_connected(const ClientInfo& /*client*/, const Admitted& /*admitted*/) override {}
  void on_client_closed(const ClientLabel& /*client*/, const Admitted* /*admitted*/, const Error& /*reason*/) override {
    ++closed;
  }
  void on_notice_read(const Admitted& /*admitted*/) override { ++notices_read; }
  void on_source_lost(std::size_t /*screen*/, const Error& /*reason*/) override { ++lost; }
  std::atomic<int> notices_read = 0;
  std::atomic<int> closed = 0;
  std::atomic<int> lost = 0;
};

class DisplaySessionTest : public ::testing::Test {
 protected:
  FakeDisplayTransport& connect(FakeDisplayTransport::Acks acks = FakeDisplayTransport::Acks::kAtOnce,
                                Size wish = kSize, std::uint64_t max_pixels = 1'000'000, ClientCodecs codecs = kPlain) {
    auto made = std::make_unique<FakeDisplayTransport>(acks);
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    Admitted admitted;
    admitted.grant.max_pixels = max_pixels;
    static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(wish)}, admitted));
    client.become_ready(codecs);
    return client;
  }
  static constexpr ClientCodecs kPlain{.clear = false, .planar = false, .avc420 = false};
  void show(std::string_view pattern) {
    auto source = TestPatternSource::make(pattern, kSize).value();
    pattern_source = source.get();
    session.set_source(std::move(source));
  }
  static bool shows_card(FakeDisplayTransport& client, Size size = kSize) {
    const TestPattern card(Pattern::kCard, size);
    return client.wait_until([&card](const auto& c) { return c.shows(card.canvas().view()); });
  }

  static bool shows_notice(FakeDisplayTransport& client, std::string_view text, Size size = kSize) {
    const Canvas expected = draw_notice(size, text);
    return client.wait_until([&expected](const auto& c) { return c.shows(expected.view()); });
  }

  Watcher watcher;
  DisplaySession session{watcher};
  TestPatternSource* pattern_source = nullptr;
};

TEST_F(DisplaySessionTest, ShowsTheDesktopToAClient) {
  show("card");
  EXPECT_TRUE(shows_card(connect()));
}

// Ten thousand shapes a second cost what a few do, and the last one is what is seen.
TEST_F(DisplaySessionTest, AStormOfPointersEndsWithTheNewest) {
  auto source = std::make_unique<testing::PointerDesktop>(kSize);
  testing::PointerDesktop& desktop = *source;
  session.set_source(std::move(source));
  auto& client = connect();
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() > 0; }));
  constexpr std::uint32_t kStorm = 10'000;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 1; i <= kStorm; ++i) desktop.set(testing::numbered_pointer({64, 64}, i));
  const CursorShape last = testing::numbered_pointer({64, 64}, kStorm);
  ASSERT_TRUE(client.wait_until([&last](const auto& c) { return c.cursor() == last; }));
  const auto took = std::chrono::steady_clock::now() - begin;
  std::size_t shapes = 0;
  client.wait_until([&shapes](const auto& c) { return shapes = c.cursors(), true; });
  EXPECT_LE(shapes, static_cast<std::size_t>(took / CursorPacer::kInterval) + 3);
}

class Hearing : public DisplaySessionTest {
 protected:
  FakeDisplayTransport& connect_hearing(bool granted) {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    Admitted admitted;
    if (granted) admitted.grant.channels.push_back({"audio.play", "a-rule"});
    static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, admitted));
    client.become_ready();
    client.want_audio(true);
    return client;
  }
  static bool hears_the_tone(FakeDisplayTransport& client) {
    return client.wait_until(
        [](const auto& c) { return c.heard().size() >= 9600 && c.heard() == tone(0, c.heard().size() / 2, 48'000); });
  }
  static std::size_t heard(FakeDisplayTransport& client) {
    std::size_t samples = 0;
    client.wait_until([&samples](const auto& c) { return samples = c.heard().size(), true; });
    return samples;
  }
};

TEST_F(Hearing, AClientHearsTheDesktop) {
  show("card");
  EXPECT_TRUE(hears_the_tone(connect_hearing(true)));
}

TEST_F(Hearing, AlsoADesktopThatComesLater) {
  auto& client = connect_hearing(true);
  show("card");
  EXPECT_TRUE(hears_the_tone(client));
}

TEST_F(Hearing, NotWithoutTheGrant) {
  show("card");
  auto& client = connect_hearing(false);
  ASSERT_TRUE(shows_card(client));
  EXPECT_FALSE(client.wait_until([](const auto& c) { return !c.heard().empty(); }, 300ms));
}

TEST_F(Hearing, NotOnceItWantsNoMoreAndThenWhoeverTakesOver) {
  show("card");
  auto& first = connect_hearing(true);
  ASSERT_TRUE(hears_the_tone(first));
  first.want_audio(false);
  first.want_audio(true);
  auto& second = connect_hearing(true);
  ASSERT_TRUE(second.wait_until([](const auto& c) { return c.heard().size() >= 9600; }));
  second.want_audio(false);
  const std::size_t before = heard(second);
  // What was under way still comes: a tenth of a second at most.
  EXPECT_FALSE(second.wait_until([before](const auto& c) { return c.heard().size() > before + 9600; }, 300ms));
  EXPECT_TRUE(hears_the_tone(connect_hearing(true)));
}

TEST_F(DisplaySessionTest, AClientMayComeBeforeTheDesktop) {
  auto& client = connect();
  show("card");
  EXPECT_TRUE(shows_card(client));
}

TEST_F(DisplaySessionTest, SendsNothingWhileNothingHappens) {
  show("card");
  auto& client = connect();
  ASSERT_TRUE(shows_card(client));
  std::size_t frames = 0;
  client.wait_until([&frames](const auto& c) { return frames = c.frames(), true; });
  EXPECT_FALSE(client.wait_until([frames](const auto& c) { return c.frames() > frames; }, 300ms));
}

TEST_F(DisplaySessionTest, AClientThatNeverAcknowledgesGetsATrickle) {
  show("noise");
  auto& client = connect(FakeDisplayTransport::Acks::kByHand);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.frames() >= 4; }));
  std::size_t before = 0;
  client.wait_until([&before](const auto& c) { return before = c.frames(), true; });
  // 25 pictures a second are drawn; without acknowledgements about 10 are sent.
  EXPECT_FALSE(client.wait_until([before](const auto& c) { return c.frames() > before + 16; }, 1000ms));
}

TEST_F(DisplaySessionTest, FramesSayWhatTheirLineCarriesOnceThatIsKnown) {
  show("noise");
  auto& client = connect(FakeDisplayTransport::Acks::kByHand);
  const auto known = [](const auto& c) { return c.line_rate().value_or(0) > 0; };
  std::size_t frames = 0;
  for (int i = 0; i < 200 && !client.wait_until(known, 0ms); ++i) {
    if (client.wait_until([frames](const auto& c) { return c.frames() > frames; }, 60ms)) {
      ++frames;
    } else {
      client.acknowledge(static_cast<FrameId>(frames));  // the line was kept full
    }
  }
  EXPECT_TRUE(client.wait_until(known, 0ms)) << frames << " frames";
}

TEST_F(DisplaySessionTest, AMinimisedClientGetsNothingAndThenEverything) {
  show("card");
  auto& client = connect();
  ASSERT_TRUE(shows_card(client));
  client.events().on_output_wanted(false);
  client.input().key({0x1E, false, true});
  TestPattern card(Pattern::kCard, kSize);
  card.echo(echo_cell(kSize, 0x1E, false));
  const auto follows = [&card](const auto& c) { return c.shows(card.canvas().view()); };
  EXPECT_FALSE(client.wait_until(follows, 300ms));
  client.events().on_output_wanted(true);
  EXPECT_TRUE(client.wait_until(follows));
}

TEST_F(DisplaySessionTest, WhatMovesIsCopiedByTheClientAndStaysExact) {
  for (const char* pattern : {"scroll", "window"}) {
    show(pattern);
    ClientCodecs codecs = kPlain;
    codecs.copy = true;
    auto& client = connect(FakeDisplayTransport::Acks::kAtOnce, kSize, 1'000'000, codecs);
    EXPECT_TRUE(client.wait_until([](const auto& c) { return c.commands(Codec::kCopy) >= 5; })) << pattern;
    show("card");
    EXPECT_TRUE(shows_card(client)) << pattern;
  }
}

TEST_F(DisplaySessionTest, AClientThatCannotCopyIsNotAskedTo) {
  show("scroll");
  auto& client = connect();
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.frames() >= 10; }));
  EXPECT_TRUE(client.wait_until([](const auto& c) {
    return c.commands(Codec::kCopy) == 0 && c.commands(Codec::kStore) == 0 && c.commands(Codec::kRecall) == 0;
  }));
}

TEST_F(DisplaySessionTest, PagesComeBackFromTheClientsCache) {
  show("pages");
  ClientCodecs codecs = kPlain;
  codecs.cached_tiles = 100;
  auto& client = connect(FakeDisplayTransport::Acks::kAtOnce, kSize, 1'000'000, codecs);
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.commands(Codec::kRecall) >= 20; }));
  show("card");
  EXPECT_TRUE(shows_card(client));
}

TEST_F(DisplaySessionTest, ASecondClientTakesOver) {
  show("card");
  auto& first = connect();
  ASSERT_TRUE(shows_card(first));
  auto& second = connect();
  EXPECT_TRUE(shows_card(second));
  EXPECT_EQ(watcher.closed, 1);
}

TEST_F(DisplaySessionTest, AClientComesBackToTheSamePicture) {
  show("card");
  auto& first = connect();
  ASSERT_TRUE(shows_card(first));
  first.disconnect();
  EXPECT_TRUE(shows_card(connect()));
}

TEST_F(DisplaySessionTest, KeysAreReleasedWhenAClientLeaves) {
  show("card");
  auto& client = connect();
  ASSERT_TRUE(shows_card(client));
  client.input().key({0x1E, false, true});
  client.disconnect();
  TestPattern card(Pattern::kCard, kSize);
  card.echo(echo_cell(kSize, 0x1E, false));
  auto& again = connect();
  EXPECT_TRUE(again.wait_until([&card](const auto& c) { return c.shows(card.canvas().view()); }));
}

TEST_F(DisplaySessionTest, FollowsTheClientsSizeWithinTheGrant) {
  show("card");
  auto& client = connect(FakeDisplayTransport::Acks::kAtOnce, {400, 300}, 400 * 300);
  EXPECT_TRUE(shows_card(client, {400, 300}));
  client.events().on_layout_wish(MonitorLayout::single({401, 300}));
  client.events().on_layout_wish(MonitorLayout::single({200, 150}));
  EXPECT_TRUE(shows_card(client, {200, 150}));
}

TEST_F(DisplaySessionTest, ALostDesktopIsBlankAndAnotherIsPluggedIn) {
  show("card");
  auto& client = connect();
  ASSERT_TRUE(shows_card(client));
  pattern_source->lose("on purpose");
  ASSERT_TRUE(shows_notice(client, "THIS DESKTOP HAS ENDED"));
  client.input().key({0x1E, false, true});  // goes nowhere
  EXPECT_FALSE(client.wait_until([](const auto& c) { return c.closed().has_value(); }, 100ms)) << "the client stays";
  show("card");
  EXPECT_TRUE(shows_card(client));
}

TEST_F(DisplaySessionTest, WhoComesToALostDesktopIsToldSo) {
  show("card");
  ASSERT_TRUE(shows_card(connect()));
  pattern_source->lose("on purpose");
  while (watcher.lost == 0) std::this_thread::yield();
  EXPECT_TRUE(shows_notice(connect(), "THIS DESKTOP HAS ENDED"));
}

TEST_F(DisplaySessionTest, TheCursorReachesAClientThatComesLate) {
  show("card");
  ASSERT_TRUE(shows_card(connect()));
  auto& late = connect();
  EXPECT_TRUE(late.wait_until([](const auto& c) { return c.cursor().has_value() && c.cursor_visible(); }));
}

TEST_F(DisplaySessionTest, RepaintsWhatAClientLost) {
  show("card");
  auto& client = connect();
  ASSERT_TRUE(shows_card(client));
  std::size_t frames = 0;
  client.wait_until([&frames](const auto& c) { return frames = c.frames(), true; });
  client.events().on_repaint({0, 0, 64, 64});
  EXPECT_TRUE(client.wait_until([frames](const auto& c) { return c.frames() > frames; }));
}

TEST_F(DisplaySessionTest, AClientThatClosesItsPipelineDuringVideoGetsNoneOfItAgain) {
  constexpr ClientCodecs kAll{.clear = true, .planar = true, .avc420 = true, .progressive = true};
  auto& client = connect(FakeDisplayTransport::Acks::kAtOnce, {640, 480}, 1'000'000, kAll);
  show("video");
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.commands(Codec::kAvc420) > 2; }));
  ASSERT_TRUE(client.close_pipeline());
  std::size_t avc = 0;
  client.wait_until([&avc](const auto& c) { return avc = c.commands(Codec::kAvc420), true; });
  client.become_ready(kAll);
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.commands(Codec::kProgressive) > 2; }))
      << "it goes on, as something else";
  EXPECT_TRUE(client.wait_until([avc](const auto& c) { return c.commands(Codec::kAvc420) <= avc + 1; }))
      << "one may have been under way";
}

TEST_F(DisplaySessionTest, AnIdleClientIsSentAway) {
  show("card");
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(session.add_client(std::move(made), {"fake", ""}));
  Admitted admitted;
  admitted.grant.idle_timeout = std::chrono::seconds(1);
  static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, admitted));
  client.become_ready();
  while (watcher.closed == 0) std::this_thread::yield();
}

TEST_F(DisplaySessionTest, ASessionLastsAsLongAsItMay) {
  show("card");
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(session.add_client(std::move(made), {"fake", ""}));
  Admitted admitted;
  admitted.grant.absolute_timeout = std::chrono::seconds(1);
  static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, admitted));
  client.become_ready();
  InputSink& input = client.input();
  while (watcher.closed == 0) {
    input.key({0x1E, false, true});  // however busy it is
    std::this_thread::yield();
  }
}

class Notice : public DisplaySessionTest {
 protected:
  FakeDisplayTransport& connect_with_notice() {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    Admitted admitted;
    admitted.grant.notices = {"THIS IS RECORDED.", "SO BE CAREFUL."};
    admitted.grant.channels.push_back({"audio.play", "a-rule"});
    admitted.grant.channels.push_back({"clipboard.to_guest", "a-rule"});
    static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, admitted));
    client.become_ready(kPlain);
    client.want_audio(true);
    return client;
  }
  static constexpr std::string_view kText =
      "THIS IS RECORDED.\n\nSO BE CAREFUL.\n\nPRESS A KEY OR CLICK TO CONFIRM THAT YOU HAVE READ THIS";
};

TEST_F(Notice, StandsBeforeTheDesktopUntilAKeyIsPressed) {
  show("card");
  auto& client = connect_with_notice();
  ASSERT_TRUE(shows_notice(client, kText));
  client.input().move({{10, 10}});
  client.input().button({Button::kWheelDown, true});
  client.input().key({0x1E, false, false});
  EXPECT_EQ(watcher.notices_read, 0) << "nothing of that says that somebody has read it";
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.heard().empty() && !c.clipboard_open(); }));
  client.input().key({0x1E, false, true});
  EXPECT_TRUE(shows_card(client));
  EXPECT_EQ(watcher.notices_read, 1);
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.clipboard_open() && !c.heard().empty(); }));
}

TEST_F(Notice, TheNextClientReadsItAgain) {
  show("card");
  auto& first = connect_with_notice();
  ASSERT_TRUE(shows_notice(first, kText));
  first.input().button({Button::kLeft, true});
  ASSERT_TRUE(shows_card(first));
  auto& second = connect_with_notice();
  EXPECT_TRUE(shows_notice(second, kText));
}

class Narrowing : public DisplaySessionTest {
 protected:
  static policy::Grant wide() {
    policy::Grant grant;
    grant.channels.push_back({"audio.play", "a-rule"});
    grant.channels.push_back({"clipboard.to_guest", "a-rule"});
    return grant;
  }
  FakeDisplayTransport& connect_as(const std::string& session_id) {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, {wide(), session_id}));
    client.become_ready(kPlain);
    client.want_audio(true);
    return client;
  }
};

TEST_F(Narrowing, WhatIsTakenAwayStopsAtOnce) {
  show("card");
  auto& client = connect_as("s1");
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.clipboard_open() && !c.heard().empty(); }));
  session.narrow("s1", {});
  ASSERT_TRUE(client.wait_until([](const auto& c) { return !c.clipboard_open() && c.narrowed().has_value(); }));
  std::size_t heard = 0;
  client.wait_until([&heard](const auto& c) { return heard = c.heard().size(), true; });
  constexpr std::size_t kUnderWay = 9600;
  EXPECT_FALSE(client.wait_until([heard](const auto& c) { return c.heard().size() > heard + kUnderWay; }, 500ms));
}

TEST_F(Narrowing, NobodyElsesSession) {
  show("card");
  auto& client = connect_as("s1");
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.clipboard_open(); }));
  session.narrow("s2", {});
  EXPECT_TRUE(client.wait_until([](const auto& c) { return c.clipboard_open() && !c.narrowed().has_value(); }));
}

TEST_F(Narrowing, NeverToMore) {
  show("card");
  auto& client = connect_as("s1");
  ASSERT_TRUE(client.wait_until([](const auto& c) { return c.clipboard_open(); }));
  session.narrow("s1", {});
  ASSERT_TRUE(client.wait_until([](const auto& c) { return !c.clipboard_open(); }));
  session.narrow("s1", wide());
  EXPECT_FALSE(client.wait_until([](const auto& c) { return c.clipboard_open(); }, 200ms));
}

// It was said of a session whose client had shown its ticket a moment before.
TEST_F(Narrowing, AlsoForWhoIsJustComingIn) {
  show("card");
  session.narrow("s1", {});
  auto& client = connect_as("s1");
  ASSERT_TRUE(shows_card(client));
  EXPECT_FALSE(client.wait_until([](const auto& c) { return c.clipboard_open(); }, 200ms));
}

TEST_F(Narrowing, WhoIsEndedMeanwhileDoesNotGetIn) {
  show("card");
  session.drop_clients("s1", CloseReason::kDenied);
  auto made = std::make_unique<FakeDisplayTransport>();
  FakeDisplayTransport& client = *made;
  ASSERT_TRUE(session.add_client(std::move(made), {"fake", ""}));
  static_cast<void>(client.authenticate({"fake", "name", MonitorLayout::single(kSize)}, {wide(), "s1"}));
  while (watcher.closed == 0) std::this_thread::yield();
}

TEST_F(DisplaySessionTest, TooManyWithoutATicketAreTurnedAway) {
  for (std::size_t i = 0; i < DisplaySession::kMaxPending; ++i) {
    EXPECT_TRUE(session.add_client(std::make_unique<FakeDisplayTransport>(), {"fake", ""}));
  }
  const auto one_more = session.add_client(std::make_unique<FakeDisplayTransport>(), {"fake", ""});
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, Errc::kExhausted);
}

}  // namespace
}  // namespace tobari::display
