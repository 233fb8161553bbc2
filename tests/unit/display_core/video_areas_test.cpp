// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/video_areas.h"

#include <gtest/gtest.h>

#include "pictures.h"

namespace tobari::display {
namespace {

using std::chrono::milliseconds;
using testing::Content;
using testing::Picture;
using testing::Random;

constexpr Size kDesktop{1024, 768};

// What the encoder does with each frame's changes.
class VideoAreasTest : public ::testing::Test {
 protected:
  VideoAreasTest() : picture(make_picture(Content::kTextLight, kDesktop)) {
    motion.reset(kDesktop);
    areas.reset(kDesktop);
  }

  Region frame(const Region& changed) {
    motion.note(changed, now);
    areas.look(motion, picture.view());
    const Region found = areas.find(motion, now);
    now += milliseconds(40);
    return found;
  }

  Region play(const Rect& window, int frames) {
    Region found;
    for (int i = 0; i < frames; ++i) {
      draw_photo(picture, window, phase++);
      found = frame(Region(window));
    }
    return found;
  }

  void write(const Rect& where, std::uint32_t seed) {
    Random random(seed);
    picture.fill(where, 0xFFFFFFu);
    draw_text(picture, where, 0x202020u, random);
  }

  static bool covers(const Region& region, const Rect& rect) {
    Region rest(rect);
    for (const Rect& part : region.rects()) rest.subtract(part);
    return rest.empty();
  }
  static bool touches(const Region& region, const Rect& rect) {
    for (const Rect& part : region.rects()) {
      if (!intersect(part, rect).empty()) return true;
    }
    return false;
  }

  Picture picture;
  MotionMap motion;
  VideoAreas areas;
  MotionMap::Time now = MotionMap::Time{} + std::chrono::hours(1);
  int phase = 0;
};

TEST_F(VideoAreasTest, AVideoIsFoundWithinHalfASecondWithItsEdges) {
  const Rect window{130, 68, 642, 358};  // reaches into cells by 2 to 62 pixels
  EXPECT_TRUE(play(window, 3).empty());
  EXPECT_TRUE(covers(play(window, 1), window));
}

TEST_F(VideoAreasTest, AtTenFramesASecondToo) {
  const Rect window{128, 64, 640, 384};
  Region found;
  for (int i = 0; i < 5; ++i) {
    found = play(window, 1);
    now += milliseconds(60);
  }
  EXPECT_TRUE(covers(found, window));
}

TEST_F(VideoAreasTest, WhatIsSmallOrSeldomIsNone) {
  EXPECT_TRUE(play({100, 100, 100, 100}, 20).empty());
  now += milliseconds(1000);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(play({300, 300, 400, 300}, 1).empty());
    now += milliseconds(300);
  }
}

TEST_F(VideoAreasTest, TextIsNoneHoweverFastItScrolls) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    write(bounds(kDesktop), i);
    EXPECT_TRUE(frame(Region(bounds(kDesktop))).empty()) << i;
  }
}

// A chat beside a film: an L of video around a panel of text, inside the video's box.
TEST_F(VideoAreasTest, TextInsideTheBoxOfAVideoStaysText) {
  const Rect above{64, 64, 768, 256};
  const Rect beside{64, 320, 384, 320};
  const Rect chat{448, 320, 384, 320};
  Region all(above);
  all.add(beside);
  all.add(chat);
  for (int i = 0; i < 20; ++i) {
    draw_photo(picture, above, i);
    draw_photo(picture, beside, i);
    write(chat, static_cast<std::uint32_t>(i));
    const Region found = frame(all);
    EXPECT_FALSE(touches(found, chat)) << i;
    if (i >= 4) {
      EXPECT_TRUE(covers(found, above) && covers(found, beside)) << i;
    }
  }
}

// A film in which cells become flat for a frame or two, as with every cut to a dark scene.
TEST_F(VideoAreasTest, OneOddFrameDoesNotTurnIt) {
  const Rect window{128, 64, 640, 384};
  ASSERT_TRUE(covers(play(window, 8), window));
  for (int i = 0; i < 2; ++i) {
    write({256, 128, 256, 192}, static_cast<std::uint32_t>(i));
    EXPECT_TRUE(covers(frame(Region(window)), window));
  }
  EXPECT_TRUE(covers(play(window, 1), window));
}

TEST_F(VideoAreasTest, AWindowOfTextOverTheVideoTurnsSoon) {
  const Rect window{128, 64, 640, 384};
  const Rect text{256, 128, 256, 192};
  ASSERT_TRUE(covers(play(window, 8), window));
  Region found;
  for (int i = 0; i <= VideoAreas::kHighest; ++i) {
    draw_photo(picture, window, phase++);
    write(text, static_cast<std::uint32_t>(i));
    found = frame(Region(window));
  }
  EXPECT_FALSE(touches(found, text));
}

TEST_F(VideoAreasTest, ItIsOverHalfASecondAfterTheLastFrame) {
  const Rect window{128, 64, 640, 384};
  ASSERT_FALSE(play(window, 8).empty());
  EXPECT_FALSE(areas.find(motion, now + milliseconds(400)).empty()) << "a pause";
  EXPECT_TRUE(areas.find(motion, now + milliseconds(501)).empty());
}

}  // namespace
}  // namespace tobari::display
