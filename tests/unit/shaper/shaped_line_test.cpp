// SPDX-License-Identifier: GPL-3.0-or-later
#include "shaper/shaped_line.h"

#include <gtest/gtest.h>

namespace tobari::testing {
namespace {

using namespace std::chrono_literals;
using Time = ShapedLine::Time;

constexpr Time kStart = Time{} + 1h;
// 8 Mbit/s: a million bytes a second, a byte a microsecond.
constexpr LineShape kShape{.bits_a_second = 8'000'000, .one_way = 20ms, .queue_bytes = 100'000};

std::vector<std::byte> numbered(std::size_t bytes, std::size_t from = 0) {
  std::vector<std::byte> all(bytes);
  for (std::size_t i = 0; i < bytes; ++i) all[i] = static_cast<std::byte>((from + i) * 7 % 251);
  return all;
}

std::size_t arrived(ShapedLine& line, Time at) {
  std::vector<std::byte> out;
  line.take(at, 1 << 20, out);
  return out.size();
}

TEST(ShapedLine, BytesTakeTheirTimeAndTheWay) {
  ShapedLine line(kShape);
  line.push(numbered(10'000), kStart);
  EXPECT_EQ(arrived(line, kStart + 20ms), 0U) << "the first segment is still leaving";
  EXPECT_GT(arrived(line, kStart + 22ms), 0U);
  EXPECT_GT(arrived(line, kStart + 29ms), 0U);
  EXPECT_GT(line.held(), 0U);
  EXPECT_GT(arrived(line, kStart + 30ms), 0U);
  EXPECT_EQ(line.held(), 0U);
}

TEST(ShapedLine, NothingIsLostOrTurnedRound) {
  ShapedLine line(kShape);
  std::vector<std::byte> out;
  std::size_t pushed = 0;
  for (Time now = kStart; now < kStart + 2s; now += 700us) {
    if (line.room(now) > 0 && pushed < 500'000) {
      const std::size_t part = std::min<std::size_t>(line.room(now), 1 + pushed % 5000);
      line.push(numbered(part, pushed), now);
      pushed += part;
    }
    line.take(now, 333, out);
  }
  EXPECT_EQ(out, numbered(out.size()));
  EXPECT_EQ(out.size() + line.held(), pushed);
  EXPECT_EQ(line.held(), 0U);
  EXPECT_GE(pushed, 500'000U);
}

TEST(ShapedLine, ItsRateIsWhatPasses) {
  ShapedLine line(kShape);
  std::size_t passed = 0;
  for (Time now = kStart; now < kStart + 10s; now += 1ms) {
    line.push(numbered(line.room(now)), now);
    passed += arrived(line, now);
  }
  EXPECT_NEAR(static_cast<double>(passed), 10e6 * (1 - 0.02 / 10), 10e6 * 0.001);
}

TEST(ShapedLine, TheQueueIsBounded) {
  ShapedLine line(kShape);
  EXPECT_EQ(line.room(kStart), 100'000U);
  line.push(numbered(100'000), kStart);
  EXPECT_EQ(line.room(kStart), 0U);
  EXPECT_NEAR(static_cast<double>(arrived(line, kStart + 50ms)), 30'000, 1500);
  EXPECT_NEAR(static_cast<double>(line.room(kStart + 50ms)), 50'000, 1500);
  // What has arrived and is not taken holds the sender up as well.
  for (Time now = kStart; now < kStart + 10s; now += 1ms) line.push(numbered(line.room(now)), now);
  EXPECT_LE(line.held(), 100'000U + 20'000U);
}

TEST(ShapedLine, AStallMovesEverythingByItsLength) {
  ShapedLine line(kShape);
  line.push(numbered(1000), kStart);
  line.stall(kStart + 10ms);
  EXPECT_FALSE(line.next_arrival().has_value());
  EXPECT_EQ(arrived(line, kStart + 9s), 0U);
  line.resume(kStart + 10s);
  EXPECT_EQ(line.next_arrival(), kStart + 1ms + 20ms + (10s - 10ms));
  EXPECT_EQ(arrived(line, kStart + 10s + 10ms), 0U);
  EXPECT_EQ(arrived(line, kStart + 10s + 11ms), 1000U);
}

TEST(ShapedLine, ANewRateIsForWhatComesLater) {
  ShapedLine line(kShape);
  line.push(numbered(1000), kStart);
  LineShape slow = kShape;
  slow.bits_a_second = 80'000;
  line.reshape(slow);
  line.push(numbered(1000), kStart);
  EXPECT_EQ(arrived(line, kStart + 21ms), 1000U);
  EXPECT_EQ(arrived(line, kStart + 100ms), 0U);
  EXPECT_EQ(arrived(line, kStart + 121ms), 1000U);
}

}  // namespace
}  // namespace tobari::testing
