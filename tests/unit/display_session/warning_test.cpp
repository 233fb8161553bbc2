// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/warning.h"

#include <optional>

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>

#include "capture/test_pattern_source.h"
#include "session_fixture.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
constexpr Size kWarned{320, 240};

TEST(WarningText, CountsMinutesThenSeconds) {
  EXPECT_EQ(countdown(5min), "IN 5 MINUTES");
  EXPECT_EQ(countdown(4min + 1ms), "IN 5 MINUTES");
  EXPECT_EQ(countdown(2min), "IN 2:00");
  EXPECT_EQ(countdown(61s), "IN 1:01");
  EXPECT_EQ(countdown(500ms), "IN 0:01");
  EXPECT_EQ(countdown(0ms), "NOW");
  EXPECT_EQ(countdown(-3s), "NOW");
}

// Whoever waits that long sees another text, and nobody who waits less does.
TEST(WarningText, HoldsUntilItIsWrong) {
  for (auto left = std::chrono::milliseconds(6min); left > 0ms; left -= 137ms) {
    const auto holds = countdown_holds(left);
    ASSERT_GT(holds, 0ms);
    EXPECT_NE(countdown(left - holds), countdown(left)) << left.count();
    if (holds > 1ms) {
      EXPECT_EQ(countdown(left - holds + 1ms), countdown(left)) << left.count();
    }
  }
  EXPECT_EQ(countdown_holds(0ms), 0ms);
}

TEST(WarningBanner, LeavesMostOfThePicture) {
  const std::string long_text(2000, 'x');
  EXPECT_LE(draw_warning(kWarned, long_text).size().height, kWarned.height / 3);
  EXPECT_EQ(draw_warning(kWarned, "short").size().width, kWarned.width);
  EXPECT_TRUE(draw_warning({1, 1}, "short").size().valid());
}

class WarningOnScreen : public ::testing::Test {
 protected:
  FakeDisplayTransport& connect() {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session_.add_client(std::move(made), {"fake", ""}));
    static_cast<void>(client.authenticate(client_of(kWarned), Admitted{}));
    client.become_ready({.clear = false, .planar = false, .avc420 = false});
    return client;
  }
  void show() { session_.set_source(TestPatternSource::make("card", kWarned).value()); }
  // With the card behind the banner; an empty text: the card alone. The card shows a key by the cell `pressed`.
  static bool shows(FakeDisplayTransport& client, const std::string& text, const std::optional<Rect>& pressed = {}) {
    TestPattern card(Pattern::kCard, kWarned);
    if (pressed) static_cast<void>(card.echo(*pressed));
    Canvas expected = card.canvas();
    if (!text.empty()) {
      const Canvas banner = draw_warning(kWarned, text);
      for (int y = 0; y < banner.size().height; ++y) {
        for (int x = 0; x < kWarned.width; ++x) expected.at(x, y) = banner.at(x, y);
      }
    }
    return client.wait_until([&expected](const auto& c) { return c.shows(expected.view()); });
  }
  [[nodiscard]] static Clock::Steady in(std::chrono::milliseconds time) { return SystemClock().now() + time; }

  QuietObserver observer_;
  DisplaySession session_{observer_};
};

TEST_F(WarningOnScreen, StandsOverThePictureAndGoes) {
  show();
  auto& client = connect();
  ASSERT_TRUE(shows(client, ""));
  session_.warn("SAVE YOUR WORK", in(9min + 30s));
  EXPECT_TRUE(shows(client, "SAVE YOUR WORK IN 10 MINUTES"));
  session_.warn("", in(0s));
  EXPECT_TRUE(shows(client, ""));
}

TEST_F(WarningOnScreen, WhoComesLaterSeesItToo) {
  show();
  session_.warn("SAVE YOUR WORK", in(9min + 30s));
  EXPECT_TRUE(shows(connect(), "SAVE YOUR WORK IN 10 MINUTES"));
}

TEST_F(WarningOnScreen, CountsDownByItselfOnADesktopThatRests) {
  show();
  auto& client = connect();
  session_.warn("SAVE YOUR WORK", in(1500ms));
  EXPECT_TRUE(shows(client, "SAVE YOUR WORK IN 0:01"));
  EXPECT_TRUE(shows(client, "SAVE YOUR WORK NOW"));
}

TEST_F(WarningOnScreen, KeysReachTheDesktopAllTheSame) {
  show();
  auto& client = connect();
  session_.warn("SAVE YOUR WORK", in(9min + 30s));
  ASSERT_TRUE(shows(client, "SAVE YOUR WORK IN 10 MINUTES"));
  client.input().key({0x1E, false, true});
  client.input().key({0x1E, false, false});
  EXPECT_TRUE(shows(client, "SAVE YOUR WORK IN 10 MINUTES", echo_cell(kWarned, 0x1E, false)))
      << "it does not go away by a key";
}

}  // namespace
}  // namespace tobari::display
