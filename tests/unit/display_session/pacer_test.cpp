// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/pacer.h"

#include <algorithm>

#include <gtest/gtest.h>

#include <tobari/base/clock.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

class PacerTest : public ::testing::Test {
 protected:
  void SetUp() override { pacer.reset(true); }
  [[nodiscard]] bool goes(std::size_t unsent = 0) { return pacer.decide(clock.now(), unsent).go; }
  void send(std::size_t bytes = 1000) { pacer.sent(++last, bytes, false, clock.now()); }
  void acknowledge(std::uint32_t id) { pacer.acknowledged(id, clock.now()); }
  void fill() {
    while (goes()) send();
  }
  // A line of this rate and length, as frames that keep it busy show it.
  void learn(std::size_t bytes_a_second, std::chrono::milliseconds round_trip) {
    pacer.round_trip(round_trip, clock.now());
    const std::size_t bytes = std::max<std::size_t>(bytes_a_second / 10, 8192);
    for (int i = 0; i < 60; ++i) {
      pacer.sent(++last, bytes, true, clock.now());
      clock.advance(round_trip + bytes * 1'000'000us / bytes_a_second);
      acknowledge(last);
    }
  }

  ManualClock clock;
  Pacer pacer;
  std::uint32_t last = 0;
};

TEST_F(PacerTest, HoldsBackWhenTheClientDoesNotKeepUp) {
  fill();
  EXPECT_EQ(pacer.in_flight(), Pacer::kMinInFlight);
  acknowledge(1);
  EXPECT_TRUE(goes());
}

TEST_F(PacerTest, AnAcknowledgementCoversEarlierFrames) {
  fill();
  acknowledge(last);
  EXPECT_EQ(pacer.in_flight(), 0U);
  EXPECT_EQ(pacer.bytes_in_flight(), 0U);
}

TEST_F(PacerTest, ALineThatNobodyKnowsIsTriedWithALittle) {
  const auto first = pacer.decide(clock.now(), 0);
  EXPECT_TRUE(first.go);
  EXPECT_EQ(first.budget, Pacer::kFirstWindow / 2);
  EXPECT_FALSE(pacer.line_rate().has_value());
}

TEST_F(PacerTest, WhatWasAcknowledgedTellsTheRate) {
  learn(125'000, 0ms);
  ASSERT_TRUE(pacer.line_rate().has_value());
  EXPECT_NEAR(static_cast<double>(*pacer.line_rate()), 125'000, 12'500);
  // A window is what passes in kQueue, and a frame no larger than that.
  EXPECT_NEAR(static_cast<double>(pacer.window()), 125'000 * 0.05, 1'000);
  EXPECT_LE(pacer.decide(clock.now(), 0).budget, pacer.window());
}

TEST_F(PacerTest, ASmallFrameOnAnIdleLineDoesNotMakeItSlow) {
  learn(1'250'000, 0ms);
  for (int i = 0; i < 50; ++i) {  // typing: one small frame at a time
    clock.advance(100ms);
    send(200);
    clock.advance(2ms);
    acknowledge(last);
  }
  EXPECT_GT(*pacer.line_rate(), 1'000'000U);
}

TEST_F(PacerTest, ALineThatBecomesSlowerIsNoticed) {
  learn(1'250'000, 0ms);
  learn(62'500, 0ms);
  EXPECT_LT(*pacer.line_rate(), 80'000U);
}

TEST_F(PacerTest, ATrickleAlwaysFlowsButNotIntoAFullLine) {
  learn(12'500, 0ms);  // 100 kbit/s
  send(12'500);        // one second of it
  const auto held = pacer.decide(clock.now(), 0);
  ASSERT_FALSE(held.go);
  ASSERT_TRUE(held.again.has_value());
  EXPECT_GE(*held.again, clock.now() + 1s) << "the line is still busy with what it has";
  clock.advance(*held.again - clock.now());
  const auto trickle = pacer.decide(clock.now(), 0);
  EXPECT_TRUE(trickle.go);
  EXPECT_EQ(trickle.budget, Pacer::kTrickleBytes);
}

TEST_F(PacerTest, TheLongerAClientIsSilentTheRarerTheTrickle) {
  learn(1'250'000, 0ms);
  int sent = 0;
  for (int i = 0; i < 1000; ++i) {  // ten seconds
    if (goes()) {
      send(Pacer::kTrickleBytes);
      ++sent;
    }
    clock.advance(10ms);
  }
  EXPECT_GE(sent, 4);
  EXPECT_LE(sent, 20);
}

TEST_F(PacerTest, ALongLineHasMoreInFlight) {
  pacer.round_trip(80ms, clock.now());
  fill();
  EXPECT_EQ(pacer.in_flight(), Pacer::kMinInFlight + 5);
}

TEST_F(PacerTest, AnAbsurdRoundTripIsNotBelieved) {
  pacer.round_trip(24h, clock.now());
  EXPECT_EQ(pacer.allowed_in_flight(), Pacer::kMaxInFlight);
  pacer.round_trip(-1s, clock.now());
  EXPECT_EQ(*pacer.round_trip(), LineEstimate::kMaxRoundTrip);
}

TEST_F(PacerTest, TheWindowHasAnUpperBound) {
  pacer.round_trip(24h, clock.now());
  for (int i = 0; i < 50; ++i) {  // "gigabytes in no time"
    send(64 << 20);
    acknowledge(last);
  }
  EXPECT_LE(pacer.window(), Pacer::kMaxWindow);
}

TEST_F(PacerTest, WhatCompressionLeavesIsWhatCounts) {
  learn(125'000, 0ms);
  const std::size_t budget = pacer.decide(clock.now(), 0).budget;
  for (int i = 0; i < 40; ++i) {
    pacer.sent(++last, 16'000, false, clock.now());
    pacer.written(last, 4'000);
    EXPECT_EQ(pacer.bytes_in_flight(), 4'000U);
    clock.advance(32ms);
    acknowledge(last);
  }
  EXPECT_NEAR(static_cast<double>(*pacer.line_rate()), 125'000, 12'500) << "of the line, not of the encoder";
  EXPECT_NEAR(static_cast<double>(pacer.decide(clock.now(), 0).budget), 4.0 * static_cast<double>(budget), 500);
  pacer.written(last + 1, 1);  // a frame that is not in flight
}

TEST_F(PacerTest, AnAnswerPassesAFullWindow) {
  learn(12'500, 0ms);
  send(50'000);
  ASSERT_FALSE(goes());
  for (std::size_t i = 0; i < Pacer::kMaxPrompt; ++i) {
    ASSERT_TRUE(pacer.go_prompt(0));
    pacer.sent(++last, 100, false, clock.now(), Pacer::Urgency::kPrompt);
  }
  EXPECT_FALSE(pacer.go_prompt(0)) << "but not without end";
  acknowledge(last);
  EXPECT_TRUE(pacer.go_prompt(0));
}

TEST_F(PacerTest, SuspendedAcknowledgementsDoNotFreezeTheSession) {
  fill();
  pacer.acks_suspended();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(goes());
    send();
    clock.advance(10ms);
  }
  acknowledge(last);  // it acknowledges again
  EXPECT_TRUE(goes());
  fill();
  EXPECT_LE(pacer.in_flight(), Pacer::kMaxInFlight);
}

TEST_F(PacerTest, WithoutAcknowledgementsWhatHasNotLeftCounts) {
  pacer.reset(false);
  EXPECT_TRUE(goes());
  send(2 * Pacer::kFirstWindow);
  EXPECT_FALSE(goes(2 * Pacer::kFirstWindow));
  EXPECT_FALSE(pacer.go_prompt(2 * Pacer::kFirstWindow));
  clock.advance(100ms);
  EXPECT_TRUE(goes(0));
  EXPECT_TRUE(pacer.line_rate().has_value()) << "what left in that time tells the rate";
}

TEST_F(PacerTest, WhoNeverAcknowledgesIsJudgedByBytes) {
  fill();
  clock.advance(Pacer::kPatience);
  EXPECT_TRUE(goes());
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(goes());
    send();
    clock.advance(1ms);
  }
}

TEST_F(PacerTest, MuchThatIsStillHereStopsEverythingWhateverIsAcknowledged) {
  const std::size_t much = pacer.window() + Pacer::kMaxUnsentBytes + 1;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(goes(much));
    EXPECT_FALSE(pacer.go_prompt(much));
    clock.advance(1s);
  }
}

TEST_F(PacerTest, AcknowledgementsOfFramesNeverSentChangeNothing) {
  fill();
  const std::size_t in_flight = pacer.in_flight();
  for (const std::uint32_t id : {last + 1, last + 1000, last + 0x7FFFFFFFU, 0U, 0xFFFFFFFFU}) acknowledge(id);
  EXPECT_EQ(pacer.in_flight(), in_flight);
  EXPECT_FALSE(goes());
  EXPECT_FALSE(pacer.line_rate().has_value());
}

TEST_F(PacerTest, FrameIdsWrapAround) {
  last = 0xFFFFFFFD;
  send();
  send();
  acknowledge(0xFFFFFFFF);
  EXPECT_EQ(pacer.in_flight(), 0U);
  send();
  acknowledge(0);
  EXPECT_EQ(pacer.in_flight(), 0U);
}

TEST_F(PacerTest, ANewClientStartsWithNothing) {
  learn(12'500, 50ms);
  fill();
  pacer.reset(true);
  EXPECT_TRUE(goes());
  EXPECT_FALSE(pacer.line_rate().has_value());
  EXPECT_FALSE(pacer.round_trip().has_value());
}

}  // namespace
}  // namespace tobari::display
