// SPDX-License-Identifier: GPL-3.0-or-later
// What every FramebufferSource promises (display/framebuffer_source.h), as tests. Include it once in a program and
// instantiate FramebufferSourceContract with a maker of DesktopRigs for each implementation.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <tobari/display/framebuffer_source.h>

#include "contract/framebuffer_source/picture.h"
#include "contract/framebuffer_source/recorder.h"

namespace tobari::display {

// A desktop and how a test acts on it from behind.
class DesktopRig {
 public:
  virtual ~DesktopRig() = default;
  virtual Result<std::unique_ptr<FramebufferSource>> connect() = 0;
  virtual void disturb(FramebufferSource& source) = 0;  // makes pixels change; may return before they do
  virtual Result<Picture> truth() = 0;                  // the desktop's pixels by another way
  virtual void kill(FramebufferSource& source) = 0;
};

struct RigMaker {
  std::string name;
  std::function<Result<std::unique_ptr<DesktopRig>>()> make;
};

class FramebufferSourceContract : public ::testing::TestWithParam<RigMaker> {
 protected:
  void SetUp() override {
    auto rig = GetParam().make();
    ASSERT_TRUE(rig.has_value()) << describe(rig.error());
    rig_ = std::move(rig).value();
    auto source = rig_->connect();
    ASSERT_TRUE(source.has_value()) << describe(source.error());
    source_ = std::move(source).value();
  }
  void TearDown() override {
    if (source_ != nullptr) source_->stop();
    source_.reset();
  }

  void start() {
    const auto started = source_->start(events_);
    ASSERT_TRUE(started.has_value()) << describe(started.error());
    ASSERT_TRUE(events_.wait_for_surface());
  }

  // The picture as a consumer keeps it up to date, once it equals the desktop's own; the last difference otherwise.
  std::string difference_at_rest() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::string differs = "never compared";
    while (std::chrono::steady_clock::now() < deadline) {
      const auto view = source_->acquire(Region(bounds({kMaxSide, kMaxSide})));
      if (!view.has_value()) return describe(view.error());
      const Picture picture = keep(*view);
      const auto truth = rig_->truth();
      if (!truth.has_value()) return describe(truth.error());
      differs = difference(picture, *truth);
      if (differs.empty()) return differs;
      std::this_thread::yield();
    }
    return differs;
  }

  Recorder events_;
  std::unique_ptr<DesktopRig> rig_;
  std::unique_ptr<FramebufferSource> source_;
};

TEST_P(FramebufferSourceContract, TheSurfaceComesFirstAndFromAThreadOfItsOwn) {
  start();
  const auto seen = events_.seen();
  EXPECT_EQ(seen.order.front(), "surface");
  EXPECT_TRUE(seen.surfaces.front().valid());
  EXPECT_EQ(seen.threads.size(), 1U);
  EXPECT_FALSE(seen.threads.contains(std::this_thread::get_id()));
}

TEST_P(FramebufferSourceContract, ThereIsNoPictureBeforeTheStart) {
  const auto view = source_->acquire(Region({0, 0, 1, 1}));
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().code, Errc::kUnavailable);
}

TEST_P(FramebufferSourceContract, ThePictureIsTheDesktops) {
  start();
  EXPECT_EQ(difference_at_rest(), "");
}

TEST_P(FramebufferSourceContract, ChangesAreDamageInsideTheSurfaceAndThenInThePicture) {
  start();
  EXPECT_EQ(difference_at_rest(), "");
  events_.forget();
  rig_->disturb(*source_);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  EXPECT_EQ(difference_at_rest(), "");
  EXPECT_FALSE(events_.seen().damage_outside);
}

TEST_P(FramebufferSourceContract, OnlyTheWantedPixelsNeedToBeFreshAndThoseAre) {
  start();
  EXPECT_EQ(difference_at_rest(), "");
  events_.forget();
  rig_->disturb(*source_);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  const Rect damaged = events_.seen().damaged;
  const auto view = source_->acquire(Region(damaged));
  ASSERT_TRUE(view.has_value()) << describe(view.error());
  EXPECT_EQ(view->size, events_.seen().surfaces.back());
  EXPECT_EQ(intersect(damaged, bounds(view->size)), damaged);
}

TEST_P(FramebufferSourceContract, AfterARestTheWholePictureIsThere) {
  source_->rest();  // before the start it does nothing
  start();
  ASSERT_EQ(difference_at_rest(), "");
  const auto truth = rig_->truth();
  ASSERT_TRUE(truth.has_value()) << describe(truth.error());
  source_->rest();
  const auto view = source_->acquire(Region({0, 0, 1, 1}));
  ASSERT_TRUE(view.has_value()) << describe(view.error());
  EXPECT_EQ(difference(keep(*view), *truth), "");
}

TEST_P(FramebufferSourceContract, AViewOutlivesItsSurface) {
  start();
  const auto view = source_->acquire(Region(bounds(events_.seen().surfaces.back())));
  ASSERT_TRUE(view.has_value()) << describe(view.error());
  rig_->kill(*source_);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
  EXPECT_EQ(keep(*view).rgb.size(), static_cast<std::size_t>(view->size.area()));  // every pixel can still be read
}

TEST_P(FramebufferSourceContract, ALostDesktopIsTheLastEvent) {
  start();
  rig_->kill(*source_);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
  // Everything may still be called, and does nothing.
  source_->input().key({0x1E, false, true});
  source_->input().move({{10, 10}});
  source_->input().release_all();
  static_cast<void>(source_->request_size({800, 600}));
  static_cast<void>(source_->acquire(Region({0, 0, 1, 1})));
  source_->stop();
  const auto seen = events_.seen();
  EXPECT_EQ(seen.losses.size(), 1U);
  EXPECT_EQ(seen.order.back(), "lost");
  EXPECT_FALSE(seen.losses.front().message.empty());
}

TEST_P(FramebufferSourceContract, NothingComesAfterStop) {
  start();
  rig_->disturb(*source_);
  source_->stop();
  const auto before = events_.seen().order.size();
  source_->input().key({0x1E, false, true});
  source_->input().key({0x1E, false, false});
  rig_->kill(*source_);
  source_->stop();  // again: harmless
  source_.reset();
  EXPECT_EQ(events_.seen().order.size(), before);
  EXPECT_TRUE(events_.seen().losses.empty());
}

TEST_P(FramebufferSourceContract, StopRightAfterStart) {
  ASSERT_TRUE(source_->start(events_).has_value());
  source_->stop();
  EXPECT_TRUE(events_.seen().losses.empty());
}

TEST_P(FramebufferSourceContract, StopWithoutStartAndASecondStart) {
  source_->stop();
  start();
  EXPECT_FALSE(source_->start(events_).has_value());
}

TEST_P(FramebufferSourceContract, ASizeThatCannotBeIsRefused) {
  start();
  for (const Size size : {Size{0, 100}, Size{100, -1}, Size{kMaxSide + 1, 100}}) {
    const auto result = source_->request_size(size);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  }
}

TEST_P(FramebufferSourceContract, StrayReleasesAndLocksAreHarmless) {
  start();
  InputSink& input = source_->input();
  for (int code = 0; code < 256; ++code) {
    input.key({static_cast<std::uint8_t>(code), false, false});
    input.key({static_cast<std::uint8_t>(code), true, false});
  }
  for (int button = 0; button < 9; ++button) input.button({static_cast<Button>(button), false});
  input.move({{-5, 1 << 20}});
  input.set_locks({true, true, true});
  input.set_locks({false, false, false});
  input.release_all();
  EXPECT_EQ(difference_at_rest(), "");
}

}  // namespace tobari::display
