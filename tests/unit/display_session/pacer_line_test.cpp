// SPDX-License-Identifier: GPL-3.0-or-later
// The pacer over model lines: a rate, a length and a buffer without end, in virtual time. What it must do on every one
// of them: never stall for good, keep little in flight, keep the line busy when there is much to send.
#include <algorithm>
#include <deque>
#include <format>
#include <vector>

#include <gtest/gtest.h>

#include <tobari/base/clock.h>

#include "pacing/pacer.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds kStep{500};

double seconds(Pacer::Duration d) { return std::chrono::duration<double>(d).count(); }

class ModelLine {
 public:
  ModelLine(std::size_t bytes_a_second, milliseconds round_trip) : rate_(bytes_a_second), trip_(round_trip) {}

  void send(std::uint32_t id, std::size_t bytes, Pacer::Time now) {
    const auto passing = std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_));
    free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<Pacer::Duration>(passing);
    under_way_.push_back({id, bytes, now, free_at_ + trip_ / 2});
  }
  void set_rate(std::size_t bytes_a_second) { rate_ = bytes_a_second; }
  void stop(bool stopped) { stopped_ = stopped; }

  struct Frame {
    std::uint32_t id;
    std::size_t bytes;
    Pacer::Time sent;
    Pacer::Time arrives;
  };
  // What has arrived and whose acknowledgement is back by now.
  [[nodiscard]] std::vector<Frame> acknowledged(Pacer::Time now) {
    std::vector<Frame> done;
    while (!stopped_ && !under_way_.empty() && under_way_.front().arrives + trip_ / 2 <= now) {
      done.push_back(under_way_.front());
      under_way_.pop_front();
    }
    return done;
  }

 private:
  std::size_t rate_;
  milliseconds trip_;
  bool stopped_ = false;
  Pacer::Time free_at_{};
  std::deque<Frame> under_way_;
};

// Bulk: there is always more. Pictures: one every 33 ms, of this size unless the budget is smaller; the latest wins.
struct Work {
  bool bulk = true;
  std::size_t picture = 0;
};

class Simulation {
 public:
  Simulation(std::size_t bytes_a_second, milliseconds round_trip, Work work)
      : line(bytes_a_second, round_trip), work_(work) {
    pacer.reset(true);
    pacer.round_trip(round_trip, clock.now());  // as the transport measures it before the first picture
  }

  void run(milliseconds time) {
    const auto end = clock.now() + time;
    for (; clock.now() < end; clock.advance(kStep)) step();
  }
  // Seconds that 95 of 100 frames took from the decision to the client, for those that arrived since the last call.
  double delay_p95() {
    std::ranges::sort(delays_);
    const double p95 = delays_.empty() ? 0 : delays_[delays_.size() * 95 / 100];
    delays_.clear();
    return p95;
  }

  ManualClock clock;
  Pacer pacer;
  ModelLine line;
  std::size_t delivered = 0;
  std::size_t sent = 0;
  std::size_t most_in_flight = 0;

 private:
  void step() {
    const auto now = clock.now();
    for (const auto& frame : line.acknowledged(now)) {
      delivered += frame.bytes;
      delays_.push_back(seconds(frame.arrives - frame.sent));
      pacer.acknowledged(frame.id, now);
    }
    if (!work_.bulk && now >= next_picture_) {
      waiting_ = true;
      next_picture_ = now + 33ms;
    }
    while (work_.bulk || waiting_) {
      const auto decision = pacer.decide(now, 0);
      if (!decision.go) return;
      const std::size_t bytes = work_.bulk ? decision.budget : std::min(work_.picture, decision.budget);
      waiting_ = false;
      sent += bytes;
      pacer.sent(++last_, bytes, work_.bulk, now);
      line.send(last_, bytes, now);
      most_in_flight = std::max(most_in_flight, pacer.bytes_in_flight());
    }
  }

  Work work_;
  std::uint32_t last_ = 0;
  bool waiting_ = false;
  Pacer::Time next_picture_{};
  std::vector<double> delays_;
};

struct LineKind {
  std::size_t kilobits;
  int round_trip_ms;
  [[nodiscard]] std::size_t bytes_a_second() const { return kilobits * 1000 / 8; }
};

class EveryLine : public ::testing::TestWithParam<LineKind> {
 protected:
  // Half a round trip, the queue that is aimed at, and what the smallest window takes to pass.
  [[nodiscard]] double fair_delay() const {
    const auto rate = static_cast<double>(GetParam().bytes_a_second());
    return GetParam().round_trip_ms / 2000.0 + 2 * seconds(Pacer::kQueue) + 2 * double{Pacer::kMinWindow} / rate;
  }
};

TEST_P(EveryLine, BulkKeepsItBusyAndItsQueueShort) {
  Simulation s(GetParam().bytes_a_second(), milliseconds(GetParam().round_trip_ms), {});
  s.run(10s);
  static_cast<void>(s.delay_p95());
  const std::size_t before = s.delivered;
  s.run(20s);
  const double share =
      static_cast<double>(s.delivered - before) / (20.0 * static_cast<double>(GetParam().bytes_a_second()));
  const bool bounded = s.most_in_flight >= Pacer::kMaxWindow;  // beyond 8 MB in flight we do not go
  EXPECT_TRUE(share >= 0.8 || bounded) << share << " of the line is used";
  EXPECT_LE(s.delay_p95(), fair_delay());
  EXPECT_LE(s.most_in_flight, Pacer::kMaxWindow + Pacer::kTrickleBytes);
}

TEST_P(EveryLine, PicturesAreCurrent) {
  // Four fifths of the line, and no more than a picture has.
  const std::size_t most = std::min<std::size_t>(GetParam().bytes_a_second() / 30 * 8 / 10, 500'000);
  Simulation s(GetParam().bytes_a_second(), milliseconds(GetParam().round_trip_ms), {false, most});
  s.run(10s);
  static_cast<void>(s.delay_p95());
  const std::size_t before = s.delivered;
  s.run(10s);
  EXPECT_GE(static_cast<double>(s.delivered - before), 0.85 * 300 * static_cast<double>(most))
      << "pictures are skipped";
  EXPECT_LE(s.delay_p95(), fair_delay());
}

TEST_P(EveryLine, IsFollowedWhenItBecomesTenTimesSlower) {
  Simulation s(GetParam().bytes_a_second(), milliseconds(GetParam().round_trip_ms), {});
  s.run(10s);
  s.line.set_rate(std::max<std::size_t>(GetParam().bytes_a_second() / 10, 8'000));
  s.run(40s);
  static_cast<void>(s.delay_p95());
  s.run(20s);
  EXPECT_LE(s.delay_p95(),
            fair_delay() + 2 * double{Pacer::kMinWindow} * 10 / static_cast<double>(GetParam().bytes_a_second()));
}

TEST_P(EveryLine, AClientThatStopsForTenSecondsCostsLittleAndIsCurrentSoonAfter) {
  Simulation s(GetParam().bytes_a_second(), milliseconds(GetParam().round_trip_ms), {});
  s.run(10s);
  const std::size_t before = s.sent;
  const std::size_t window = s.pacer.window();
  s.line.stop(true);
  s.run(10s);
  EXPECT_LE(s.sent - before, window + 20 * Pacer::kTrickleBytes);
  s.line.stop(false);
  const std::size_t delivered = s.delivered;
  s.run(5s);
  EXPECT_GT(s.delivered, delivered);
  static_cast<void>(s.delay_p95());
  s.run(5s);
  EXPECT_LE(s.delay_p95(),
            fair_delay() + 20.0 * double{Pacer::kTrickleBytes} / static_cast<double>(GetParam().bytes_a_second()));
}

std::vector<LineKind> lines() {
  std::vector<LineKind> all;
  for (const std::size_t rate : {256UZ, 1'000UZ, 5'000UZ, 20'000UZ, 100'000UZ, 1'000'000UZ}) {
    for (const int trip : {0, 20, 100, 300}) all.push_back({rate, trip});
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Pacer, EveryLine, ::testing::ValuesIn(lines()), [](const auto& p) {
  return std::format("{}kbit{}ms", p.param.kilobits, p.param.round_trip_ms);
});

// Some clients show and acknowledge a frame only when the next one has come.
TEST(PacerLine, AClientThatIsAlwaysOneFrameBehindDoesNotStall) {
  ManualClock clock;
  Pacer pacer;
  pacer.reset(true);
  std::uint32_t last = 0;
  for (int i = 0; i < 2000; ++i, clock.advance(5ms)) {
    if (!pacer.decide(clock.now(), 0).go) continue;
    pacer.sent(++last, 20'000, false, clock.now());
    if (last > 1) pacer.acknowledged(last - 1, clock.now());
  }
  EXPECT_GE(last, 1000U) << "frames in ten seconds";
}

// A fast line on which little happens must not look like a narrow one to whoever decides about loss.
TEST(PacerLine, SaysWhatTheLineCarriesOnceItWasSeenFull) {
  Simulation typing(12'500'000, 5ms, {.bulk = false, .picture = 300});
  typing.run(3s);
  EXPECT_EQ(typing.pacer.full_line_rate(), std::nullopt);
  Simulation bulk(1'000'000, 20ms, {});
  bulk.run(5s);
  ASSERT_TRUE(bulk.pacer.full_line_rate());
  EXPECT_GE(*bulk.pacer.full_line_rate(), 700'000U);
  EXPECT_LE(*bulk.pacer.full_line_rate(), 1'300'000U);
}

}  // namespace
}  // namespace tobari::display
