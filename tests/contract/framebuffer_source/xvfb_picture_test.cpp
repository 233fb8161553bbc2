// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-picture and PictureSource together, before a real X server.
#include "contract/framebuffer_source/xvfb_picture.h"

#include <gtest/gtest.h>

#include "capture/picture_source.h"
#include "contract/framebuffer_source/recorder.h"

namespace tobari::display {
namespace {

// X's event types and key symbols, which cannot be included beside GoogleTest (both define None).
constexpr int kPressed = 2;
constexpr int kReleased = 3;
constexpr int kButtonDown = 4;
constexpr int kMoved = 6;

class XvfbPictureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto desktop = XvfbPicture::start({1920, 1200}, {800, 600});
    ASSERT_TRUE(desktop.has_value()) << describe(desktop.error());
    desktop_ = std::move(desktop).value();
    source_ = connected();
    ASSERT_NE(source_, nullptr);
    ASSERT_TRUE(source_->start(events_).has_value());
    ASSERT_TRUE(events_.wait_for_surface());
  }
  void TearDown() override {
    if (source_ != nullptr) source_->stop();
  }
  std::unique_ptr<PictureSource> connected() {
    auto connection = desktop_->connect();
    EXPECT_TRUE(connection.has_value());
    auto source = PictureSource::create(std::move(connection).value_or(UniqueFd()));
    EXPECT_TRUE(source.has_value());
    return source.has_value() ? std::move(source).value() : nullptr;
  }
  Xvfb::Input next(int type) {
    while (true) {
      const auto input = desktop_->server().next_input();
      if (input.type == type) return input;
    }
  }

  Recorder events_;
  std::unique_ptr<XvfbPicture> desktop_;
  std::unique_ptr<PictureSource> source_;
};

TEST_F(XvfbPictureTest, DamageIsWhereSomethingWasDrawn) {
  desktop_->server().fill({0, 0, 800, 600}, 0x111111);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  events_.forget();
  desktop_->server().fill({123, 45, 67, 8}, 0xABCDEF);
  ASSERT_TRUE(
      events_.wait([](const auto& seen) { return intersect(seen.damaged, {123, 45, 67, 8}).area() == 67 * 8; }));
  const auto view = source_->acquire(Region({123, 45, 67, 8}));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(keep(*view).at(189, 52), 0xABCDEFU);
}

TEST_F(XvfbPictureTest, KeysButtonsAndThePointerArrive) {
  desktop_->server().watch_input();
  source_->input().move({{33, 44}});
  EXPECT_EQ(next(kMoved).position, (Point{33, 44}));
  source_->input().key({0x1E, false, true});
  source_->input().key({0x1E, false, true});
  source_->input().key({0x1E, false, false});
  EXPECT_EQ(next(kPressed).keysym, static_cast<unsigned long>('a'));
  EXPECT_EQ(desktop_->server().next_input().type, kReleased) << "a repeated press is no second one";
  source_->input().button({Button::kWheelUp, true});
  EXPECT_EQ(next(kButtonDown).code, 4U);
}

// Whoever goes leaves nothing pressed, however he goes.
TEST_F(XvfbPictureTest, AHeldKeyIsReleasedWhenTheConnectionEnds) {
  desktop_->server().watch_input();
  source_->input().key({0x2A, false, true});
  EXPECT_EQ(next(kPressed).type, kPressed);
  source_->stop();
  source_.reset();
  EXPECT_EQ(next(kReleased).type, kReleased);
}

TEST_F(XvfbPictureTest, TheScreenBecomesWhatIsAskedFor) {
  for (const Size size : {Size{1920, 1200}, Size{1024, 768}, Size{640, 480}, Size{1366, 768}}) {
    ASSERT_TRUE(source_->request_size(size).has_value());
    ASSERT_TRUE(events_.wait([size](const auto& seen) { return seen.surfaces.back() == size; }));
    desktop_->server().fill({0, 0, size.width, size.height}, 0x446688);
    const auto view = source_->acquire(Region(bounds(size)));
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(difference(keep(*view), desktop_->server().picture()), "");
  }
  EXPECT_FALSE(source_->request_size({1921, 1200}).has_value());
}

// The room for the largest screen is not its memory.
TEST_F(XvfbPictureTest, ASmallScreenCostsWhatASmallOneDoes) {
  constexpr std::size_t kLargestBytes = std::size_t{1920} * 1200 * 4;
  const std::size_t small = desktop_->file_bytes();
  EXPECT_LT(small, kLargestBytes * 2 / 3);
  ASSERT_TRUE(source_->request_size({1920, 1200}).has_value());
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.surfaces.back() == Size{1920, 1200}; }));
  desktop_->server().fill({0, 0, 1920, 1200}, 0x446688);
  EXPECT_GE(desktop_->file_bytes(), kLargestBytes);
  ASSERT_TRUE(source_->request_size({640, 480}).has_value());
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.surfaces.back() == Size{640, 480}; }));
  EXPECT_LT(desktop_->file_bytes(), kLargestBytes / 2);
}

TEST_F(XvfbPictureTest, TheNewestConnectionCounts) {
  const auto second = connected();
  ASSERT_NE(second, nullptr);
  Recorder seen_by_second;
  ASSERT_TRUE(second->start(seen_by_second).has_value());
  ASSERT_TRUE(seen_by_second.wait_for_surface());
  EXPECT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
  desktop_->server().fill({1, 2, 3, 4}, 0xFFFFFF);
  EXPECT_TRUE(seen_by_second.wait([](const auto& seen) { return seen.damages > 0; }));
  second->stop();
}

TEST_F(XvfbPictureTest, ThePointersPictureComesAndGoes) {
  desktop_->server().set_cursor(false);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == true && seen.shape.has_value(); }));
  desktop_->server().set_cursor(true);
  EXPECT_TRUE(events_.wait([](const auto& seen) { return seen.visible == false; }));
}

}  // namespace
}  // namespace tobari::display
