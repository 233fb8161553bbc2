// SPDX-License-Identifier: GPL-3.0-or-later
#include <format>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "rdp/input_map.h"
#include "rdp/log_limiter.h"
#include "rdp/pointer_masks.h"

namespace tobari::display {
namespace {

class InputRecorder final : public InputSink {
 public:
  void key(const KeyEvent& e) override {
    log += std::format("{}{:02x}{} ", e.pressed ? '+' : '-', e.scancode, e.extended ? "e" : "");
  }
  void move(const PointerMove& e) override { log += std::format("{},{} ", e.position.x, e.position.y); }
  void button(const PointerButton& e) override {
    log += std::format("{}b{} ", e.pressed ? '+' : '-', std::to_underlying(e.button));
  }
  void set_locks(const LockState& l) override { log += std::format("locks {:d}{:d}{:d} ", l.scroll, l.num, l.caps); }
  void release_all() override { log += "release "; }
  std::string log;
};

class InputMapTest : public ::testing::Test {
 protected:
  static constexpr Size kDesktop{800, 600};
  InputMap map;
  InputRecorder sink;
};

TEST_F(InputMapTest, Keys) {
  map.key(0, 0x1E, sink);
  map.key(0x8000, 0x1E, sink);
  map.key(0x0100, 0x38, sink);
  EXPECT_EQ(sink.log, "+1e -1e +38e ");
}

TEST_F(InputMapTest, PauseIsOneKey) {
  map.key(0x0200, 0x1D, sink);
  map.key(0, 0x45, sink);
  map.key(0x8200, 0x1D, sink);
  map.key(0x8000, 0x45, sink);
  map.key(0, 0x45, sink);  // NumLock
  EXPECT_EQ(sink.log, "+45e -45e +45 ");
}

TEST_F(InputMapTest, MovesStayOnTheDesktop) {
  map.mouse(0x0800, 5, 6, kDesktop, sink);
  map.mouse(0x0800, 0xFFFF, 0xFFFF, kDesktop, sink);
  EXPECT_EQ(sink.log, "5,6 799,599 ");
}

TEST_F(InputMapTest, ButtonsMoveFirst) {
  map.mouse(0x9000, 1, 2, kDesktop, sink);
  map.mouse(0x2000, 1, 2, kDesktop, sink);
  map.extended_mouse(0x8001, 3, 4, kDesktop, sink);
  EXPECT_EQ(sink.log, "1,2 +b0 1,2 -b2 3,4 +b5 ");
}

TEST_F(InputMapTest, WheelsIgnoreTheirCoordinates) {
  map.mouse(0x0278, 0, 0, kDesktop, sink);
  map.mouse(0x0388, 0, 0, kDesktop, sink);
  map.mouse(0x0588, 0, 0, kDesktop, sink);
  EXPECT_EQ(sink.log, "+b3 -b3 +b4 -b4 +b7 -b7 ");
}

TEST_F(InputMapTest, FractionsOfANotchAddUp) {
  for (int i = 0; i < 3; ++i) map.mouse(0x0200 | 40, 0, 0, kDesktop, sink);
  EXPECT_EQ(sink.log, "+b3 -b3 ");
}

TEST_F(InputMapTest, Locks) {
  map.locks(4, sink);
  EXPECT_EQ(sink.log, "locks 001 ");
}

TEST(PointerMasks, RowsAreBottomUp) {
  const CursorShape shape{{2, 2}, {0, 0}, {1, 2, 3, 4}};
  const PointerMasks masks = pointer_masks(shape);
  ASSERT_EQ(masks.xor_mask.size(), 16U);
  EXPECT_EQ(masks.xor_mask[0], std::byte{3});
  EXPECT_EQ(masks.and_mask.size(), 4U);
}

TEST(PointerMasks, ATooLargeCursorIsCropped) {
  CursorShape shape{{40, 50}, {39, 49}, std::vector<std::uint32_t>(2000, 5)};
  const CursorShape small = cropped(shape, 32);
  EXPECT_EQ(small.size, (Size{32, 32}));
  EXPECT_EQ(small.hotspot, (Point{31, 31}));
  EXPECT_EQ(small.argb.size(), 32U * 32);
}

TEST(PointerCache, KnowsWhatItHoldsAndGivesTheOldestAway) {
  PointerCache cache(2);
  const auto shape = [](std::uint32_t colour) { return CursorShape{{1, 1}, {0, 0}, {colour}}; };
  EXPECT_FALSE(cache.place(shape(1)).known);
  EXPECT_FALSE(cache.place(shape(2)).known);
  EXPECT_TRUE(cache.place(shape(1)).known);
  const auto third = cache.place(shape(3));
  EXPECT_FALSE(third.known);
  EXPECT_EQ(third.slot, 1);
  EXPECT_FALSE(cache.place(shape(2)).known);
}

TEST(LogLimiter, LetsSoManyThroughAndCountsTheRest) {
  ManualClock clock;
  LogLimiter limiter;
  int through = 0;
  for (int i = 0; i < 1000; ++i) through += limiter.admit(clock.now()) ? 1 : 0;
  EXPECT_EQ(through, LogLimiter::kLinesPerPeriod);
  clock.advance(LogLimiter::kPeriod);
  const auto admitted = limiter.admit(clock.now());
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->suppressed, 1000UL - LogLimiter::kLinesPerPeriod);
}

}  // namespace
}  // namespace tobari::display
