// SPDX-License-Identifier: GPL-3.0-or-later
// Marks in whole sessions: on from the first picture, each client's own, exact at rest.
#include "session/session_mark.h"

#include <format>

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>
#include <tobari/watermark/mark_number.h>

#include "capture/test_pattern_source.h"
#include "session/notice.h"
#include "session_fixture.h"

namespace tobari::display {
namespace {

constexpr Size kMarked{320, 240};
constexpr const char* kFirst = "01234567-89ab-4cde-8f01-23456789abcd";
constexpr const char* kSecond = "76543210-89ab-4cde-8f01-23456789abcd";

Canvas with_mark(const Canvas& canvas, const char* session) {
  return marked_canvas(canvas, watermark::mark_number_of(session).value());
}

class SessionMark : public ::testing::Test {
 protected:
  using Leaves = FakeDisplayTransport::Leaves;
  FakeDisplayTransport& sign_in(const std::string& session_id, bool invisible, Leaves leaves = Leaves::kAtOnce) {
    auto made = std::make_unique<FakeDisplayTransport>(FakeDisplayTransport::Acks::kAtOnce, leaves);
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", session_id}));
    Admitted admitted;
    admitted.session_id = session_id;
    admitted.grant.invisible_watermark = invisible;
    static_cast<void>(client.authenticate(client_of(kMarked), admitted));
    return client;
  }
  FakeDisplayTransport& connect(const std::string& session_id, bool invisible) {
    FakeDisplayTransport& client = sign_in(session_id, invisible);
    client.become_ready({.clear = false, .planar = false, .avc420 = false});
    return client;
  }
  void show_card() {
    auto made = TestPatternSource::make("card", kMarked).value();
    source = made.get();
    session.set_source(std::move(made));
  }
  static bool shows(FakeDisplayTransport& client, const Canvas& expected) {
    return client.wait_until([&expected](const auto& c) { return c.shows(expected.view()); });
  }

  const TestPattern card{Pattern::kCard, kMarked};
  EndObserver observer;
  DisplaySession session{observer};
  TestPatternSource* source = nullptr;
};

TEST_F(SessionMark, LiesOnThePictureFromTheFirstOn) {
  show_card();
  EXPECT_TRUE(shows(connect(kFirst, true), with_mark(card.canvas(), kFirst)));
}

TEST_F(SessionMark, LiesOnNoticesToo) {
  show_card();
  auto& client = connect(kFirst, true);
  ASSERT_TRUE(shows(client, with_mark(card.canvas(), kFirst)));
  source->lose("gone");
  EXPECT_TRUE(shows(client, with_mark(draw_notice(kMarked, "THIS DESKTOP HAS ENDED"), kFirst)));
}

// A desktop that rests is painted anew for whoever takes it over, with his mark; and without one for whom none is
// asked.
TEST_F(SessionMark, IsEachClientsOwn) {
  show_card();
  EXPECT_TRUE(shows(connect(kFirst, true), with_mark(card.canvas(), kFirst)));
  EXPECT_TRUE(shows(connect(kSecond, true), with_mark(card.canvas(), kSecond)));
  EXPECT_TRUE(shows(connect("", false), card.canvas()));
  EXPECT_TRUE(shows(connect(kFirst, true), with_mark(card.canvas(), kFirst)));
}

// A rule that is tightened marks sessions that are there already.
TEST_F(SessionMark, BeginsLateWhenItIsAskedForLate) {
  show_card();
  auto& client = connect(kFirst, false);
  EXPECT_TRUE(shows(client, card.canvas()));
  policy::Grant less;
  less.invisible_watermark = true;
  session.narrow(kFirst, less);
  EXPECT_TRUE(shows(client, with_mark(card.canvas(), kFirst)));
  session.narrow(kFirst, {});
  EXPECT_TRUE(shows(client, with_mark(card.canvas(), kFirst)));
}

TEST_F(SessionMark, WhoCannotBeMarkedLateIsEnded) {
  show_card();
  auto& client = connect("none", false);
  EXPECT_TRUE(shows(client, card.canvas()));
  policy::Grant less;
  less.invisible_watermark = true;
  session.narrow("none", less);
  const auto expected = std::format("closed for reason {} ", static_cast<int>(CloseReason::kDropped));
  EXPECT_TRUE(observer.wait().starts_with(expected)) << observer.wait();
}

// Nobody could be named by it: such a session is not shown anything.
TEST_F(SessionMark, WithoutAnIdThereIsNoSession) {
  show_card();
  static_cast<void>(sign_in("none", true));
  EXPECT_EQ(observer.wait(), FakeDisplayTransport::closed_for(CloseReason::kDropped, 0));
}

// Nor does it push anybody aside, however late its transport hears that it has to go.
TEST_F(SessionMark, WithoutAnIdNobodyIsPushedAside) {
  show_card();
  auto& first = connect(kFirst, true);
  ASSERT_TRUE(shows(first, with_mark(card.canvas(), kFirst)));
  auto& second = sign_in("none", true, Leaves::kByHand);
  second.become_ready({.clear = false, .planar = false, .avc420 = false});
  source->lose("gone");
  EXPECT_TRUE(shows(first, with_mark(draw_notice(kMarked, "THIS DESKTOP HAS ENDED"), kFirst)));
  EXPECT_TRUE(second.wait_until([](const auto& c) { return c.closed() == CloseReason::kDropped && c.frames() == 0; }));
  second.disconnect();
}

TEST(SessionMarkOf, IsWhatTheGrantAsksFor) {
  const auto of = [](bool visible, bool invisible) {
    Admitted admitted;
    admitted.session_id = kFirst;
    admitted.grant.user = "alice";
    admitted.grant.visible_watermark = visible;
    admitted.grant.invisible_watermark = invisible;
    return session_mark("192.0.2.7", admitted, {}).value();
  };
  EXPECT_EQ(of(false, false), nullptr);
  const auto has_ink = [](const ScreenMark& mark) {
    for (int y = 0; y < 400; ++y) {
      if (mark.row(y).ink != nullptr) return true;
    }
    return false;
  };
  EXPECT_TRUE(has_ink(*of(true, false)));
  EXPECT_EQ(of(true, false)->row(0).raise, nullptr);
  EXPECT_FALSE(has_ink(*of(false, true)));
  EXPECT_NE(of(false, true)->row(0).raise, nullptr);
  EXPECT_TRUE(has_ink(*of(true, true)));
  EXPECT_NE(of(true, true)->row(0).raise, nullptr);
}

}  // namespace
}  // namespace tobari::display
