// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/input_router.h"

#include <format>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

class Desk final : public InputSink {
 public:
  void key(const KeyEvent& e) override { log += std::format("{}{:02x} ", e.pressed ? '+' : '-', e.scancode); }
  void move(const PointerMove& e) override { log += std::format("{},{} ", e.position.x, e.position.y); }
  void button(const PointerButton& e) override {
    log += std::format("{}b{} ", e.pressed ? '+' : '-', std::to_underlying(e.button));
  }
  void set_locks(const LockState& l) override { log += std::format("locks{:d} ", l.num); }
  void release_all() override { log += "release "; }
  std::string take() { return std::exchange(log, {}); }
  std::string log;
};

class InputRouterTest : public ::testing::Test {
 protected:
  void SetUp() override { router.set_targets({{left_place, &left}, {right_place, &right}}, 0); }
  void click(Point at, Button button = Button::kLeft) {
    router.move({at});
    router.button({button, true});
    router.button({button, false});
  }

  Rect left_place{0, 0, 100, 100};
  Rect right_place{100, 50, 200, 100};
  Desk left, right;
  int changes = 0;
  InputRouter router{[this] { ++changes; }};
};

TEST_F(InputRouterTest, ThePointerGoesToTheScreenUnderItInItsOwnCoordinates) {
  changes = 0;
  router.move({{10, 20}});
  router.move({{150, 70}});
  EXPECT_EQ(left.take(), "10,20 ");
  EXPECT_EQ(right.take(), "50,20 ");
  EXPECT_EQ(router.under_pointer(), 1U);
  EXPECT_EQ(changes, 1);
}

TEST_F(InputRouterTest, BesideEveryScreenTheNearestHasIt) {
  router.move({{150, 10}});
  EXPECT_EQ(right.take(), "50,0 ");
  router.move({{10, 120}});
  EXPECT_EQ(left.take(), "10,99 ");
}

TEST_F(InputRouterTest, AHeldButtonKeepsThePointer) {
  router.move({{90, 60}});
  router.button({Button::kLeft, true});
  router.move({{150, 70}});
  router.button({Button::kRight, true});
  router.button({Button::kLeft, false});
  EXPECT_EQ(left.take(), "90,60 +b0 99,70 +b2 -b0 ");
  EXPECT_EQ(right.take(), "");
  router.button({Button::kRight, false});
  EXPECT_EQ(left.take(), "-b2 ");
  EXPECT_EQ(right.take(), "50,20 ") << "it is there now";
}

TEST_F(InputRouterTest, KeysFollowTheLastClick) {
  router.key({0x1E, false, true});
  EXPECT_EQ(left.take(), "+1e ") << "at first where the caller said";
  router.move({{150, 70}});
  router.button({Button::kWheelUp, true});
  router.button({Button::kWheelUp, false});
  router.key({0x1F, false, true});
  EXPECT_EQ(left.take(), "+1f ") << "neither moving nor the wheel takes the keyboard along";
  right.take();
  click({150, 70});
  EXPECT_EQ(left.take(), "release ") << "what is held there is not held any more";
  router.key({0x20, false, true});
  EXPECT_EQ(right.take(), "50,20 +b0 -b0 50,20 +20 ");
  EXPECT_EQ(left.take(), "");
}

TEST_F(InputRouterTest, LocksGoAlong) {
  router.set_locks({.scroll = false, .num = true, .caps = false});
  EXPECT_EQ(left.take(), "locks1 ");
  click({150, 70});
  EXPECT_EQ(right.take(), "50,20 locks1 +b0 -b0 50,20 ");
}

TEST_F(InputRouterTest, AnEmptyMonitorTakesNothing) {
  router.set_targets({{left_place, &left}, {right_place, nullptr}}, 1);
  click({150, 70});
  router.key({0x1E, false, true});
  EXPECT_EQ(left.take(), "+1e ");
  EXPECT_EQ(router.under_pointer(), 1U);
}

TEST_F(InputRouterTest, AScreenThatGoesReleasesAndTheKeyboardGoesOn) {
  click({150, 70});
  right.take();
  left.take();
  router.set_targets({{left_place, &left}}, 0);
  EXPECT_EQ(right.take(), "release ");
  router.key({0x1E, false, true});
  EXPECT_EQ(left.take(), "+1e ");
}

TEST_F(InputRouterTest, TheKeyboardStaysThroughANewLayout) {
  click({150, 70});
  right.take();
  router.set_targets({{right_place, &right}, {left_place, &left}}, 1);
  router.key({0x1E, false, true});
  EXPECT_EQ(right.take(), "+1e ");
}

TEST_F(InputRouterTest, EveryScreenIsReleased) {
  router.release_all();
  EXPECT_EQ(left.take(), "release ");
  EXPECT_EQ(right.take(), "release ");
}

TEST(InputRouter, WithoutScreensEverythingIsDropped) {
  InputRouter router([] {});
  router.move({{5, 5}});
  router.button({Button::kLeft, true});
  router.key({0x1E, false, true});
  router.release_all();
}

}  // namespace
}  // namespace tobari::display
