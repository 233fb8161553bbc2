// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/cursor_pacer.h"

#include <gtest/gtest.h>

#include "rdp/pointer_masks.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using Time = CursorPacer::Time;

std::size_t shapes_in(std::chrono::milliseconds length, std::size_t bytes, bool full = false) {
  CursorPacer pacer;
  std::size_t sent = 0;
  for (Time now{1h}; now < Time{1h} + length; now += 100us) {  // a guest that changes it 10^4 times a second
    if (now < pacer.due(full)) continue;
    pacer.sent(bytes, now);
    ++sent;
  }
  return sent;
}

TEST(CursorPacer, TheFirstGoesAtOnce) {
  CursorPacer pacer;
  EXPECT_LE(pacer.due(false), Time{1h});
  EXPECT_LE(pacer.due(true), Time{1h});
}

TEST(CursorPacer, NoMoreThanAnybodySees) {
  EXPECT_LE(shapes_in(10s, 32 * 32 * 4), 626U);
  EXPECT_GE(shapes_in(10s, 32 * 32 * 4), 600U);
}

TEST(CursorPacer, LargeOnesByTheirBytes) {
  constexpr std::size_t kLargest = std::size_t{384} * 384 * 4;
  const std::size_t sent = shapes_in(10s, kLargest);
  EXPECT_LE(sent * kLargest, 10 * CursorPacer::kBytesPerSecond + kLargest);
  EXPECT_GE(sent, 60U);  // and an animation of them still moves
}

TEST(CursorPacer, AStormGetsLittleOfAFullLineButOneShapeGoesAtOnce) {
  constexpr std::size_t kOrdinary = std::size_t{64} * 64 * 4;
  EXPECT_LE(shapes_in(10s, kOrdinary, true) * kOrdinary, 10 * CursorPacer::kBytesPerSecondWhenFull + kOrdinary);
  CursorPacer pacer;
  pacer.sent(kOrdinary, Time{1h});
  EXPECT_LE(pacer.due(true), Time{1h} + 250ms);
}

TEST(PointerCache, TellsShapesApartByEverythingThatMakesThem) {
  PointerCache cache(100);
  CursorShape shape{{8, 4}, {1, 2}, std::vector<std::uint32_t>(32, 0xFF112233)};
  EXPECT_FALSE(cache.place(shape).known);
  EXPECT_TRUE(cache.place(shape).known);
  CursorShape other = shape;
  other.size = {4, 8};
  EXPECT_FALSE(cache.place(other).known);
  other = shape;
  other.hotspot = {2, 1};
  EXPECT_FALSE(cache.place(other).known);
  other = shape;
  other.argb.back() ^= 0x01000000;
  EXPECT_FALSE(cache.place(other).known);
  EXPECT_TRUE(cache.place(shape).known);
}

}  // namespace
}  // namespace tobari::display
