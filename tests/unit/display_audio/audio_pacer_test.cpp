// SPDX-License-Identifier: GPL-3.0-or-later
// Sound over a model of a line: it has a rate, a delay and stalls, and carries pictures that stand before the sound.
#include "audio/audio_pacer.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using Time = AudioPacer::Time;
using Duration = AudioPacer::Duration;

constexpr Duration kPacket = 40ms;

struct Line {
  double share = 10;        // of the rate at which sound is made: below 1 it does not fit
  Duration delay = 5ms;     // there, and as much back
  Duration pictures = 0ms;  // that stand before each packet
  Time stall_from{};
  Time stall_to{};
  Time free{};

  // When a packet that is sent now has arrived.
  Time carry(Time now) {
    Time start = std::max(now + pictures, free);
    if (start >= stall_from && start < stall_to) start = stall_to;
    free = start + std::chrono::duration_cast<Duration>(kPacket / share);
    return free + delay;
  }
};

struct Outcome {
  std::uint64_t made = 0;
  std::uint64_t arrived = 0;
  Duration oldest{};  // age of a packet on arrival
  std::size_t most_in_flight = 0;
};

class Model {
 public:
  explicit Model(Duration round_trip) { pacer.reset(round_trip); }

  Outcome run(Line& line, Duration length) {
    Outcome outcome;
    for (const Time end = now + length; now < end; now += 1ms) {
      while (!under_way.empty() && under_way.front().confirmed <= now) {
        pacer.confirmed(under_way.front().block, now);
        under_way.erase(under_way.begin());
      }
      if (now < next_packet) continue;
      next_packet += kPacket;
      ++outcome.made;
      if (!pacer.admit(now)) continue;
      const Time there = line.carry(now);
      pacer.sent(block, now);
      under_way.push_back({block++, there + line.delay});
      ++outcome.arrived;
      outcome.oldest = std::max(outcome.oldest, there - now);
      outcome.most_in_flight = std::max(outcome.most_in_flight, pacer.in_flight());
    }
    return outcome;
  }

  AudioPacer pacer;
  Time now{1h};
  Time next_packet{1h};

 private:
  struct UnderWay {
    std::uint8_t block;
    Time confirmed;
  };
  std::vector<UnderWay> under_way;
  std::uint8_t block = 0;
};

TEST(AudioPacer, AWideLineLosesNothing) {
  for (const Duration delay : {0ms, 5ms, 50ms, 150ms}) {
    Model model(2 * delay);
    Line line{.delay = delay};
    const Outcome outcome = model.run(line, 60s);
    EXPECT_EQ(outcome.arrived, outcome.made) << delay;
    EXPECT_EQ(model.pacer.gaps(), 0U);
  }
}

TEST(AudioPacer, AStallIsOneGapAndNothingOldComesAfterIt) {
  Model model(10ms);
  Line line;
  static_cast<void>(model.run(line, 5s));
  line.stall_from = model.now;
  line.stall_to = model.now + 1500ms;
  const Outcome during = model.run(line, 1500ms);
  EXPECT_LE(during.most_in_flight, 4U);  // 100 ms and what the line explains
  EXPECT_EQ(model.pacer.gaps(), 1U);
  static_cast<void>(model.run(line, 100ms));
  const Outcome after = model.run(line, 5s);
  EXPECT_EQ(after.arrived, after.made);
  EXPECT_LE(after.oldest, 20ms);
}

TEST(AudioPacer, ALineTooNarrowDelaysLittleBeyondTheAllowance) {
  for (const double share : {0.9, 0.7}) {
    Model model(10ms);
    Line line{.share = share};
    const Outcome outcome = model.run(line, 120s);
    EXPECT_LE(outcome.oldest, 300ms) << share;  // what was let through takes longer to pass than to be played
    EXPECT_GE(static_cast<double>(outcome.arrived), share * 0.9 * static_cast<double>(outcome.made)) << share;
    EXPECT_GT(model.pacer.gaps(), 10U) << share;
  }
}

TEST(AudioPacer, ALineFarTooNarrowStaysAliveWithLittleUnderWay) {
  for (const double share : {0.3, 0.1, 0.03}) {
    Model model(10ms);
    Line line{.share = share};
    const Outcome outcome = model.run(line, 120s);
    EXPECT_LE(outcome.most_in_flight, 14U) << share;  // what the line may take and the allowance, in packets
    EXPECT_GE(static_cast<double>(outcome.arrived), share * 0.5 * static_cast<double>(outcome.made)) << share;
    EXPECT_GT(model.pacer.gaps(), 5U) << share;
  }
}

TEST(AudioPacer, PicturesThatStandBeforeTheSoundAreNoGapForGood) {
  Model model(10ms);
  Line line;
  static_cast<void>(model.run(line, 5s));
  line.pictures = 200ms;
  static_cast<void>(model.run(line, 5s));  // it stumbles until it knows
  EXPECT_LE(model.pacer.gaps(), 6U);
  const Outcome then = model.run(line, 60s);
  EXPECT_EQ(then.arrived, then.made);
}

TEST(AudioPacer, AClientThatConfirmsNothingCostsNothingButIsTriedAgain) {
  AudioPacer pacer;
  pacer.reset(10ms);
  Time now{1h};
  std::size_t sent = 0;
  for (int i = 0; i < 60 * 25; ++i, now += kPacket) {
    if (!pacer.admit(now)) continue;
    pacer.sent(static_cast<std::uint8_t>(sent++), now);
    EXPECT_LE(pacer.in_flight(), 4U);
  }
  EXPECT_GE(sent, 60U);   // a few every two seconds
  EXPECT_LE(sent, 120U);  // and no more
}

TEST(AudioPacer, ConfirmationsOfAnyKindInAnyNumberAreHarmless) {
  std::mt19937 random(1);
  AudioPacer pacer;
  pacer.reset(0ms);
  Time now{1h};
  std::uint8_t block = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += std::chrono::microseconds(random() % 3000);
    pacer.confirmed(static_cast<std::uint8_t>(random()), now);
    if (random() % 10 == 0 && pacer.admit(now)) pacer.sent(block++, now);
    ASSERT_LE(pacer.in_flight(), AudioPacer::kMaxInFlight);
    ASSERT_LE(pacer.line(), AudioPacer::kMaxLine);
    ASSERT_GE(pacer.line(), Duration::zero());
  }
}

}  // namespace
}  // namespace tobari::display
