// SPDX-License-Identifier: GPL-3.0-or-later
// What X11Source does beyond the contract, against a real X server.
#include "capture/x11_source.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "contract/framebuffer_source/picture.h"
#include "contract/framebuffer_source/recorder.h"
#include "contract/framebuffer_source/xvfb.h"

namespace tobari::display {
namespace {

// X's event types and key symbols, which cannot be included beside GoogleTest (both define None).
constexpr int kKeyPress = 2;
constexpr int kKeyRelease = 3;
constexpr int kButtonPress = 4;
constexpr int kMotion = 6;
constexpr unsigned kLockMask = 2;

class X11SourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = Xvfb::start({800, 600});
    ASSERT_TRUE(server.has_value()) << describe(server.error());
    server_ = std::move(server).value();
  }
  void start() {
    auto source = X11Source::create(server_->name());
    ASSERT_TRUE(source.has_value()) << describe(source.error());
    source_ = std::move(source).value();
    ASSERT_TRUE(source_->start(events_).has_value());
    ASSERT_TRUE(events_.wait_for_surface());
  }
  void TearDown() override {
    if (source_ != nullptr) source_->stop();
  }
  Xvfb::Input next(int type) {
    while (true) {
      const auto input = server_->next_input();
      if (input.type == type) return input;
    }
  }

  Recorder events_;
  std::unique_ptr<Xvfb> server_;
  std::unique_ptr<X11Source> source_;
};

TEST_F(X11SourceTest, DamageIsWhereSomethingWasDrawn) {
  start();
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));  // the first: everything
  events_.forget();
  server_->fill({123, 45, 67, 8}, 0xABCDEF);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  EXPECT_EQ(events_.seen().damaged, (Rect{123, 45, 67, 8}));
  EXPECT_EQ(keep(*source_->acquire(Region({123, 45, 67, 8}))).at(189, 52), 0xABCDEFU);
}

TEST_F(X11SourceTest, PixelsThatWereNotAskedForStayWhatTheyWere) {
  server_->fill({0, 0, 800, 600}, 0x111111);
  start();
  static_cast<void>(source_->acquire(Region{}));  // the first picture is whole
  server_->fill({0, 0, 10, 10}, 0x222222);
  server_->fill({0, 500, 10, 10}, 0x333333);
  const Picture picture = keep(*source_->acquire(Region({0, 500, 10, 10})));
  EXPECT_EQ(picture.at(5, 505), 0x333333U);
  EXPECT_EQ(picture.at(5, 5), 0x111111U);
}

TEST_F(X11SourceTest, AStormOfDrawingIsFewEvents) {
  start();
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  events_.forget();
  server_->fill_many(100'000);
  server_->fill({799, 599, 1, 1}, 0x010203);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return intersect(seen.damaged, {799, 599, 1, 1}).area() == 1; }));
  EXPECT_LT(events_.seen().damages, 20'000U);
  EXPECT_FALSE(events_.seen().damage_outside);
}

TEST_F(X11SourceTest, KeysArriveAsTheyAreOnAPcKeyboard) {
  server_->watch_input();
  start();
  struct Key {
    std::uint8_t scancode;
    bool extended;
    unsigned long keysym;
  };
  for (const Key& key :
       {Key{0x1E, false, 'a'}, Key{0x02, false, '1'}, Key{0x1C, false, 0xFF0D}, Key{0x1C, true, 0xFF8D},
        Key{0x48, true, 0xFF52}, Key{0x48, false, 0xFF97}, Key{0x53, true, 0xFFFF}, Key{0x45, true, 0xFF13},
        Key{0x37, true, 0xFF61}, Key{0x5B, true, 0xFFEB}, Key{0x58, false, 0xFFC9}, Key{0x1D, true, 0xFFE4},
        Key{0x56, false, '<'}, Key{0x30, true, 0x1008FF13}}) {
    source_->input().key({key.scancode, key.extended, true});
    source_->input().key({key.scancode, key.extended, false});
    EXPECT_EQ(next(kKeyPress).keysym, key.keysym) << int{key.scancode};
    EXPECT_EQ(next(kKeyRelease).keysym, key.keysym) << int{key.scancode};
  }
}

TEST_F(X11SourceTest, AHeldKeyIsPressedOnceAndReleasedWhenTheClientGoes) {
  server_->watch_input();
  start();
  source_->input().key({0x2A, false, true});
  source_->input().key({0x2A, false, true});
  source_->input().release_all();
  source_->input().move({{33, 44}});
  EXPECT_EQ(server_->next_input().type, kKeyPress);
  EXPECT_EQ(server_->next_input().type, kKeyRelease);
  EXPECT_EQ(next(kMotion).position, (Point{33, 44}));
}

TEST_F(X11SourceTest, ButtonsAndWheels) {
  server_->watch_input();
  start();
  source_->input().move({{100, 200}});
  struct Pair {
    Button button;
    unsigned code;
  };
  for (const Pair& pair : {Pair{Button::kLeft, 1}, Pair{Button::kMiddle, 2}, Pair{Button::kRight, 3},
                           Pair{Button::kWheelUp, 4}, Pair{Button::kWheelDown, 5}, Pair{Button::kWheelLeft, 6},
                           Pair{Button::kWheelRight, 7}, Pair{Button::kSide, 8}, Pair{Button::kExtra, 9}}) {
    source_->input().button({pair.button, true});
    source_->input().button({pair.button, false});
    const auto pressed = next(kButtonPress);
    EXPECT_EQ(pressed.code, pair.code);
    EXPECT_EQ(pressed.position, (Point{100, 200}));
  }
}

TEST_F(X11SourceTest, LockStatesAreSetWithoutAKeyPress) {
  server_->watch_input();
  start();
  source_->input().set_locks({.scroll = false, .num = false, .caps = true});
  source_->input().key({0x1E, false, true});
  source_->input().key({0x1E, false, false});
  EXPECT_EQ(next(kKeyPress).state & kLockMask, kLockMask);
  source_->input().set_locks({});
  source_->input().key({0x1F, false, true});
  EXPECT_EQ(next(kKeyPress).state & kLockMask, 0U);
}

TEST_F(X11SourceTest, ThePointersShapeAndVisibility) {
  server_->set_cursor(false);
  start();
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == true && seen.shapes == 1; }));
  EXPECT_TRUE(events_.seen().shape->size.valid());
  server_->set_cursor(true);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == false; }));
  server_->set_cursor(false);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == true; }));
  EXPECT_EQ(events_.seen().shapes, 1U);  // the same as before
}

TEST_F(X11SourceTest, AnotherSizeIsAskedForAndConfirmed) {
  start();
  const auto old = source_->acquire(Region{});
  ASSERT_TRUE(old.has_value());
  for (const Size size : {Size{640, 480}, Size{701, 333}, Size{800, 600}}) {
    ASSERT_TRUE(source_->request_size(size).has_value());
    ASSERT_TRUE(events_.wait([size](const auto& seen) { return seen.surfaces.back() == size; }))
        << events_.seen().surfaces.back().width << "x" << events_.seen().surfaces.back().height;
    const auto view = source_->acquire(Region{});
    ASSERT_TRUE(view.has_value()) << describe(view.error());
    EXPECT_EQ(view->size, size);
    EXPECT_EQ(difference(keep(*view), server_->picture()), "");
  }
  const auto too_large = source_->request_size({4000, 4000});  // Xvfb can have at most what it started with
  ASSERT_FALSE(too_large.has_value());
  EXPECT_EQ(too_large.error().code, Errc::kInvalidArgument);
}

// A server that hangs must not hang whoever gives input, nor stop().
TEST_F(X11SourceTest, AFrozenServerBlocksNobody) {
  start();
  server_->freeze(true);
  for (int i = 0; i < 100'000; ++i) {
    source_->input().move({{i % 800, i % 600}});
    source_->input().button({Button::kWheelUp, true});
    source_->input().button({Button::kWheelUp, false});
  }
  source_->stop();
  server_->freeze(false);
}

TEST_F(X11SourceTest, ADisplayThatWeCannotShowIsRefusedWithTheReason) {
  const auto nobody = X11Source::create(":65000");
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, Errc::kUnavailable);
  auto shallow = Xvfb::start({320, 200}, 16);
  ASSERT_TRUE(shallow.has_value());
  const auto refused = X11Source::create((*shallow)->name());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("24 bit"), std::string::npos);
}

}  // namespace
}  // namespace tobari::display
