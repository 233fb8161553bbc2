// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/pacer.h"

#include <gtest/gtest.h>

#include <tobari/base/clock.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

class PacerTest : public ::testing::Test {
 protected:
  void SetUp() override { pacer.reset(true); }
  [[nodiscard]] bool goes(std::size_t unsent = 0) { return pacer.decide(clock.now(), unsent).go; }
  void send(std::size_t bytes = 1000) { pacer.sent(++last, bytes, clock.now()); }
  void fill() {
    while (goes()) send();
  }

  ManualClock clock;
  Pacer pacer;
  std::uint32_t last = 0;
};

TEST_F(PacerTest, HoldsBackWhenTheClientDoesNotKeepUp) {
  fill();
  EXPECT_EQ(pacer.in_flight(), Pacer::kMinInFlight);
  pacer.acknowledged(1, clock.now());
  EXPECT_TRUE(goes());
}

TEST_F(PacerTest, AnAcknowledgementCoversEarlierFrames) {
  fill();
  pacer.acknowledged(last, clock.now());
  EXPECT_EQ(pacer.in_flight(), 0U);
}

TEST_F(PacerTest, ATrickleAlwaysFlows) {
  fill();
  const auto decision = pacer.decide(clock.now(), 0);
  ASSERT_TRUE(decision.again.has_value());
  EXPECT_EQ(*decision.again, clock.now() + Pacer::kTrickle);
  clock.advance(Pacer::kTrickle);
  EXPECT_TRUE(goes());
}

TEST_F(PacerTest, UnsentBytesStopEvenTheTrickle) {
  EXPECT_FALSE(goes(Pacer::kMaxUnsentBytes + 1));
  clock.advance(10s);
  EXPECT_FALSE(goes(Pacer::kMaxUnsentBytes + 1));
  EXPECT_TRUE(goes(Pacer::kMaxUnsentBytes));
}

TEST_F(PacerTest, AHeavyFrameIsWaitedForLonger) {
  send(Pacer::kHeavyBytes + 1);
  EXPECT_FALSE(goes()) << "megabytes that the network holds are old pictures";
  clock.advance(Pacer::kTrickle);
  EXPECT_FALSE(goes());
  pacer.acknowledged(last, clock.now());
  EXPECT_TRUE(goes());
  send(Pacer::kHeavyBytes + 1);
  clock.advance(Pacer::kSlowTrickle);
  EXPECT_TRUE(goes());
}

TEST_F(PacerTest, ALongLineHasMoreInFlight) {
  pacer.round_trip(80ms);
  fill();
  EXPECT_EQ(pacer.in_flight(), Pacer::kMinInFlight + 5);
}

TEST_F(PacerTest, AnAbsurdRoundTripIsNotBelieved) {
  pacer.round_trip(24h);
  EXPECT_EQ(pacer.allowed_in_flight(), Pacer::kMaxInFlight);
  pacer.round_trip(-1s);
  EXPECT_LE(pacer.allowed_in_flight(), Pacer::kMaxInFlight);
}

TEST_F(PacerTest, SuspendedAcknowledgementsDoNotFreezeTheSession) {
  fill();
  pacer.acks_suspended();
  EXPECT_TRUE(goes());
  for (int i = 0; i < 100; ++i) send();
  pacer.acknowledged(last, clock.now());  // it acknowledges again
  EXPECT_TRUE(goes());
  fill();
  EXPECT_EQ(pacer.in_flight(), Pacer::kMinInFlight);
}

TEST_F(PacerTest, WithoutAcknowledgementsOnlyBytesCount) {
  pacer.reset(false);
  for (int i = 0; i < 100; ++i) send();
  EXPECT_TRUE(goes());
  EXPECT_FALSE(goes(Pacer::kMaxUnsentBytes + 1));
}

TEST_F(PacerTest, FrameIdsWrapAround) {
  last = 0xFFFFFFFD;
  send();
  send();
  pacer.acknowledged(0xFFFFFFFF, clock.now());
  EXPECT_EQ(pacer.in_flight(), 0U);
  send();
  pacer.acknowledged(0, clock.now());
  EXPECT_EQ(pacer.in_flight(), 0U);
}

TEST_F(PacerTest, ANewClientStartsWithNothingInFlight) {
  fill();
  pacer.reset(true);
  EXPECT_TRUE(goes());
}

}  // namespace
}  // namespace tobari::display
