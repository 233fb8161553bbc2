// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/test_pattern_source.h"

#include <gtest/gtest.h>

#include "contract/framebuffer_source/picture.h"
#include "contract/framebuffer_source/recorder.h"

namespace tobari::display {
namespace {

struct Running {
  explicit Running(std::string_view name, Size size = {640, 480}) : source(*TestPatternSource::make(name, size)) {
    EXPECT_TRUE(source->start(events).has_value());
    EXPECT_TRUE(events.wait_for_surface());
  }
  ~Running() { source->stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Recorder events;
  std::unique_ptr<TestPatternSource> source;
};

TEST(TestPatternSource, AKeyFlipsItsCellOncePerPress) {
  Running running("card");
  const Rect cell = echo_cell({640, 480}, 0x1E, false);
  const auto first = running.source->acquire(Region(cell));
  const auto before = keep(*first).at(cell.x, cell.y);
  running.source->input().key({0x1E, false, true});
  running.source->input().key({0x1E, false, true});  // a repetition
  running.source->input().key({0x1E, false, false});
  ASSERT_TRUE(running.events.wait([cell](const auto& seen) { return seen.damaged == cell; }));
  EXPECT_EQ(keep(*running.source->acquire(Region(cell))).at(cell.x, cell.y), before ^ 0xFFFFFFU);
}

TEST(TestPatternSource, AcquireFreshensOnlyWhatIsWanted) {
  Running running("card");
  const Rect cell = echo_cell({640, 480}, Button::kLeft);
  const auto before = keep(*running.source->acquire(Region(bounds({640, 480}))));
  running.source->input().button({Button::kLeft, true});
  ASSERT_TRUE(running.events.wait([](const auto& seen) { return seen.damages > 0; }));
  EXPECT_EQ(difference(before, keep(*running.source->acquire(Region({0, 0, 10, 10})))), "");
  EXPECT_NE(difference(before, keep(*running.source->acquire(Region(cell)))), "");
}

TEST(TestPatternSource, ASizeIsConfirmedByASurface) {
  Running running("card");
  const auto old = running.source->acquire(Region({0, 0, 1, 1}));
  ASSERT_TRUE(running.source->request_size({800, 600}).has_value());
  ASSERT_TRUE(running.events.wait([](const auto& seen) { return seen.surfaces.size() == 2; }));
  EXPECT_EQ(running.events.seen().surfaces.back(), (Size{800, 600}));
  EXPECT_EQ(keep(*old).size, (Size{640, 480}));  // still the consumer's
  const auto now = running.source->acquire(Region{});
  EXPECT_EQ(difference(keep(*now), keep(TestPattern(Pattern::kCard, {800, 600}).canvas().view())), "");
}

TEST(TestPatternSource, APatternThatMovesSaysSo) {
  Running running("noise", {64, 64});
  EXPECT_TRUE(running.events.wait([](const auto& seen) { return seen.damages >= 3; }));
}

TEST(TestPatternSource, ShowsAPointer) {
  Running running("card");
  ASSERT_TRUE(running.events.wait([](const auto& seen) { return seen.visible.has_value(); }));
  const auto seen = running.events.seen();
  EXPECT_EQ(seen.visible, true);
  EXPECT_EQ(seen.shape->argb.size(), static_cast<std::size_t>(seen.shape->size.area()));
}

TEST(TestPatternSource, NamesAndSizesAreChecked) {
  EXPECT_EQ(TestPatternSource::make("plasma", {640, 480}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(TestPatternSource::make("card", {0, 480}).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace tobari::display
