// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/frame_encoder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "encode/lossy_area.h"
#include "encoder_session.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using std::chrono::milliseconds;
using testing::bytes_in;
using testing::codecs_in;
using testing::Content;
using testing::kEverything;
using testing::kWithoutAvc;
using testing::Picture;
using testing::Random;
using testing::Session;
using Time = FrameEncoder::Time;

TEST(FrameEncoder, EveryContentIsExactForEveryClient) {
  for (const ClientCodecs codecs : {kEverything, ClientCodecs{true, true, false}, ClientCodecs{true, false, false},
                                    ClientCodecs{false, true, false}, ClientCodecs{false, false, false}}) {
    for (const Content content : testing::kAllContents) {
      const Picture picture = make_picture(content, {645, 413});
      Session session(picture.size, codecs);
      const auto used = codecs_in(session.show(picture));
      EXPECT_TRUE(codecs.clear || !used.contains(Codec::kClear));
      EXPECT_TRUE(codecs.planar || !used.contains(Codec::kPlanar));
      session.rest();
      EXPECT_EQ(session.client.difference(picture), "") << name_of(content);
    }
  }
}

TEST(FrameEncoder, ChoosesByContent) {
  const Size size{512, 512};
  const auto used = [&](Content content) {
    Session session(size, kEverything);
    return codecs_in(session.show(make_picture(content, size)));
  };
  EXPECT_EQ(used(Content::kSolid), (std::map<Codec, int>{{Codec::kSolid, 1}}));
  EXPECT_FALSE(used(Content::kTextLight).contains(Codec::kPlanar));
  EXPECT_FALSE(used(Content::kPhoto).contains(Codec::kClear));
}

TEST(FrameEncoder, TypedLetterIsOneSmallCommand) {
  Picture picture = make_picture(Content::kTextLight, {1280, 720});
  Session session(picture.size, kEverything);
  session.show(picture);
  picture.fill({600, 300, 12, 20}, 0xFFFFFFu);
  session.show(picture);
  draw_glyph(picture, {602, 302}, 'k', 0x202020u);
  const EncodedFrame frame = session.show(picture, Region({590, 290, 100, 100}));
  ASSERT_EQ(frame.rects.size(), 1u);
  EXPECT_LE(frame.rects[0].rect.width, 8);
  EXPECT_LE(frame.rects[0].rect.height, 16);
  EXPECT_LE(frame.rects[0].data.size(), 165u);
  EXPECT_EQ(session.client.difference(picture), "");
}

Picture with_video(Size size, const Rect& area, int frame) {
  Picture picture = make_picture(Content::kTextLight, size);
  draw_photo(picture, area, frame);
  return picture;
}

TEST(FrameEncoder, VideoGoesToAvcAndIsExactSoonAfterRest) {
  const Size size{1023, 701};
  const Rect area{130, 70, 555, 400};
  Session session(size, kEverything);
  bool video_seen = false;
  for (int i = 0; i < 12; ++i) {
    const Picture picture = with_video(size, area, i);
    const EncodedFrame frame = session.show(picture);
    const bool video = codecs_in(frame).contains(Codec::kAvc420);
    EXPECT_TRUE(video || !video_seen) << "back to lossless in the middle of it";
    video_seen = video_seen || video;
    EXPECT_LE(static_cast<int>(video), i >= 3 ? 1 : 0) << i;
    EXPECT_EQ(session.client.difference(picture, session.encoder.inexact()), "") << i;
    EXPECT_EQ(session.client.lossy().area() > 0, video_seen);
    session.now += milliseconds(40);
  }
  EXPECT_TRUE(video_seen);
  const Picture last = with_video(size, area, 11);
  // Lossy, but near: the mean error of the video's pixels.
  long error = 0;
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      for (int shift = 0; shift < 24; shift += 8) {
        error += std::abs(static_cast<int>(last.at(x, y) >> shift & 0xFF) -
                          static_cast<int>(session.client.picture().at(x, y) >> shift & 0xFF));
      }
    }
  }
  EXPECT_LE(error / (area.area() * 3), 6);
  EXPECT_NE(session.client.difference(last), "");
  EXPECT_LE(session.rest(), milliseconds(110));
  EXPECT_EQ(session.client.difference(last), "");
  EXPECT_TRUE(session.encoder.inexact().empty());
}

TEST(FrameEncoder, ScrollingTextStaysWithoutLoss) {
  const Size size{800, 600};
  Session session(size, kEverything);
  for (int i = 0; i < 10; ++i) {
    const EncodedFrame frame = session.show(make_picture(Content::kTextLight, size, static_cast<std::uint32_t>(i)));
    EXPECT_FALSE(codecs_in(frame).contains(Codec::kAvc420));
    session.now += milliseconds(40);
  }
}

TEST(FrameEncoder, AScrolledPageCostsItsNewLines) {
  const Picture document = make_picture(Content::kTextLight, {1920, 3000}, 4);
  Picture screen({1920, 1080});
  screen.paste(document, {0, 0});
  Session session(screen.size, kEverything);
  session.show(screen);
  for (int i = 1; i < 20; ++i) {
    screen.paste(document, {0, -36 * i});
    const EncodedFrame frame = session.show(screen);
    EXPECT_EQ(codecs_in(frame)[Codec::kCopy], 1) << i;
    EXPECT_EQ(frame.rects.front().codec, Codec::kCopy) << "the others paint over what was copied";
    EXPECT_LE(bytes_in(frame), 8000u) << i;
    ASSERT_EQ(session.client.difference(screen), "") << i;
    session.now += milliseconds(33);
  }
}

// What a client shows with loss is not better for having been moved.
TEST(FrameEncoder, LossMovesAlong) {
  const Size size{900, 700};
  const Rect area{100, 200, 400, 320};
  Session session(size, kEverything);
  for (int i = 0; i < 12; ++i) {
    session.show(with_video(size, area, i));
    session.now += milliseconds(40);
  }
  const Picture before = with_video(size, area, 11);
  ASSERT_FALSE(session.encoder.inexact().empty());
  int copies = 0;
  // While video played, moves were sought less and less often.
  for (int by = 4; by <= 80; by += 4) {
    Picture after(size, 0xFFFFFF);
    after.paste(before, {0, -by});
    const int copied = codecs_in(session.show(after))[Codec::kCopy];
    if (copied > 0 && copies == 0) {
      EXPECT_TRUE(session.encoder.inexact().contains({area.x + 200, area.y - by + 200}));
    }
    copies += copied;
    ASSERT_EQ(session.client.difference(after, session.encoder.inexact()), "") << by;
    session.now += milliseconds(40);
  }
  EXPECT_GE(copies, 3);
  EXPECT_LE(session.rest(), milliseconds(110));
  Picture last(size, 0xFFFFFF);
  last.paste(before, {0, -80});
  EXPECT_EQ(session.client.difference(last), "");
}

TEST(FrameEncoder, WindowsComeBackFromTheCache) {
  const Size size{1280, 720};
  std::vector<Picture> windows{make_picture(Content::kTextLight, size, 1), make_picture(Content::kInterface, size, 2),
                               make_picture(Content::kPhoto, size, 3)};
  Session session(size, {.clear = true, .planar = true, .avc420 = false, .copy = true, .cached_tiles = 1000});
  std::vector<std::size_t> first;
  for (int turn = 0; turn < 9; ++turn) {
    const auto window = static_cast<std::size_t>(turn % 3);
    const EncodedFrame frame = session.show(windows[window]);
    ASSERT_EQ(session.client.difference(windows[window]), "") << turn;
    if (turn < 3) first.push_back(bytes_in(frame));
    if (turn >= 3) {
      EXPECT_LE(bytes_in(frame), first[window] / 20 + 400) << turn;
      EXPECT_GE(codecs_in(frame)[Codec::kRecall], 30) << turn;
    }
    session.now += std::chrono::seconds(2);
  }
}

TEST(FrameEncoder, WhatIsPlayedIsNotCached) {
  const Size size{640, 480};
  Session session(size, {.clear = true, .planar = true, .avc420 = false, .copy = true, .cached_tiles = 1000});
  int stores = 0;
  for (int i = 0; i < 30; ++i) {
    const int now = codecs_in(session.show(with_video(size, bounds(size), i)))[Codec::kStore];
    if (i >= 4) stores += now;
    session.now += milliseconds(40);
  }
  EXPECT_EQ(stores, 0);
}

TEST(FrameEncoder, ClientWithoutAvcGetsVideoWithoutLoss) {
  const Size size{640, 480};
  Session session(size, {true, true, false});
  for (int i = 0; i < 10; ++i) {
    const Picture picture = with_video(size, bounds(size), i);
    session.show(picture);
    ASSERT_EQ(session.client.difference(picture), "");
    session.now += milliseconds(40);
  }
}

TEST(FrameEncoder, ClientWithoutAvcGetsVideoWithSomeLoss) {
  const Size size{640, 480};
  Session session(size, kWithoutAvc);
  std::size_t first = 0;
  std::size_t last = 0;
  for (int i = 0; i < 10; ++i) {
    const EncodedFrame frame = session.show(with_video(size, bounds(size), i));
    (i == 0 ? first : last) = bytes_in(frame);
    EXPECT_EQ(codecs_in(frame).contains(Codec::kProgressive), i >= 3) << i;
    session.now += milliseconds(40);
  }
  EXPECT_LT(last, first / 4);
  EXPECT_LE(session.rest(), LossyArea::kLongestRest);
  EXPECT_EQ(session.client.difference(with_video(size, bounds(size), 9)), "");
}

// Every picture of it is new from the top on, and a frame holds a part of it only.
TEST(FrameEncoder, AFilmOnANarrowLineIsShownToItsEnd) {
  const Size size{640, 480};
  Session session(size, kWithoutAvc);
  constexpr std::size_t kBudget = 8192;
  constexpr int kBegun = 5;   // pictures, until it is known to be a film
  constexpr int kRound = 15;  // frames that hold all of it, with room to spare
  Region unseen(bounds(size));
  for (int i = 0; i < kBegun + kRound; ++i) {
    const bool begun = i >= kBegun;
    const Region changed = session.diff.update(with_video(size, bounds(size), i).view(), Region(bounds(size)));
    const EncodedFrame frame = session.encoder.encode(session.diff.picture(), changed, session.now,
                                                      begun ? kBudget : FrameEncoder::kFrameByteBudget);
    ASSERT_TRUE(session.client.show(frame));
    session.now += milliseconds(40);
    if (!begun) continue;
    EXPECT_TRUE(codecs_in(frame).contains(Codec::kProgressive));
    for (const EncodedRect& command : frame.rects) {
      for (const Rect& rect : command.regions) unseen.subtract(rect);
    }
  }
  EXPECT_TRUE(unseen.empty()) << unseen.area() << " pixels stand still, from line " << unseen.bounding_box().y << " on";
}

// Text to the left, a photograph to the right.
Picture page_with_photograph(Size size, const Rect& photograph, int phase = 3) {
  Picture page = make_picture(Content::kTextLight, size);
  draw_photo(page, photograph, phase);
  return page;
}

TEST(FrameEncoder, PhotographOnANarrowLineIsSeenSoonAndExactAfterRest) {
  const Size size{1024, 640};
  const Rect photograph{512, 64, 448, 512};
  const Picture page = page_with_photograph(size, photograph);
  Session wide(size, kEverything);
  wide.encoder.set_line_rate(125'000'000);
  const std::size_t without_loss = bytes_in(wide.show(page));
  EXPECT_EQ(wide.client.difference(page), "") << "a fast line has it exactly at once";
  EXPECT_TRUE(wide.encoder.inexact().empty());

  Session narrow(size, kEverything);
  narrow.encoder.set_line_rate(500'000);
  EXPECT_LT(bytes_in(narrow.show(page)), without_loss / 6);
  EXPECT_NE(narrow.client.difference(page), "");
  EXPECT_EQ(narrow.client.difference(page, Region(photograph)), "") << "text is exact at once";
  EXPECT_EQ(narrow.encoder.next_refinement(), narrow.now + LossyArea::kShortestRest);
  EXPECT_EQ(narrow.rest(), LossyArea::kShortestRest) << "then it goes as fast as it is asked for";
  EXPECT_EQ(narrow.client.difference(page), "");
}

// What was shown with loss: how soon it is exact counts more than bytes, but on a narrow line.
TEST(FrameEncoder, GrainThatHasRestedGoesAsItIs) {
  const Size size{1024, 640};
  const Picture page = page_with_photograph(size, bounds(size));
  const auto header_at_rest = [&](std::optional<std::size_t> rate) {
    Session session(size, kEverything);
    session.encoder.set_line_rate(rate);
    EXPECT_FALSE(session.show(page).refines);
    EXPECT_FALSE(session.encoder.inexact().empty());
    session.now += LossyArea::kShortestRest;
    const EncodedFrame frame = session.encoder.refine(session.diff.picture(), session.now);
    EXPECT_TRUE(frame.refines);
    const auto planar = std::ranges::find(frame.rects, Codec::kPlanar, &EncodedRect::codec);
    return planar == frame.rects.end() ? std::byte{0} : planar->data.at(0);
  };
  EXPECT_EQ(header_at_rest(std::nullopt), std::byte{0x20});
  EXPECT_EQ(header_at_rest(kNarrowLine), std::byte{0x20});
  EXPECT_EQ(header_at_rest(kNarrowLine - 1), std::byte{0x30});
}

TEST(FrameEncoder, APhotographIsCutToTheBudgetOfANarrowLine) {
  const Size size{1024, 640};
  const Picture page = page_with_photograph(size, bounds(size));
  Session session(size, kWithoutAvc);
  session.encoder.set_line_rate(32'000);
  static_cast<void>(session.diff.update(page.view(), Region(bounds(size))));
  constexpr std::size_t kBudget = 4096;
  EncodedFrame frame = session.encoder.encode(session.diff.picture(), Region(bounds(size)), session.now, kBudget);
  int frames = 0;
  while (session.client.lossy().area() < size.area() && ++frames < 100) {
    EXPECT_LE(bytes_in(frame), kBudget + 4096) << "one tile may go beyond it";
    ASSERT_TRUE(session.client.show(frame));
    frame = session.encoder.refine(session.diff.picture(), session.now, kBudget);
  }
  EXPECT_GT(frames, 2);
  EXPECT_LT(frames, 60) << "with loss it is seen soon";
  session.rest();
  EXPECT_EQ(session.client.difference(page), "");
}

TEST(FrameEncoder, TheNewestIsMadeExactFirst) {
  const Size size{1024, 640};
  const Rect older{64, 64, 320, 320};
  const Rect newer{576, 64, 320, 320};
  Session session(size, kWithoutAvc);
  session.encoder.set_line_rate(100'000);
  Picture page = make_picture(Content::kTextLight, size);
  session.show(page);
  for (const Rect& photograph : {older, newer}) {
    draw_photo(page, photograph, photograph.x);
    session.show(page, Region(photograph));
    session.now += milliseconds(400);
  }
  const EncodedFrame frame = session.encoder.refine(session.diff.picture(), session.now);
  ASSERT_FALSE(frame.empty());
  for (const EncodedRect& rect : frame.rects) EXPECT_FALSE(intersect(rect.rect, newer).empty());
}

TEST(FrameEncoder, NewSurfaceGoesOnWithTheSameCaches) {
  Session session({640, 480}, kEverything);
  session.show(make_picture(Content::kTextLight, {640, 480}));
  const Size size{500, 300};
  session.encoder.resize(size);
  session.client.resize(size);
  session.diff.reset(size);
  const Picture picture = make_picture(Content::kTextLight, size, 9);
  session.show(picture);
  EXPECT_EQ(session.client.difference(picture), "");
}

TEST(FrameEncoder, VideoEncoderIsGivenBack) {
  const Size size{640, 480};
  Session session(size, kEverything);
  EXPECT_FALSE(session.encoder.trim(session.now));
  for (int i = 0; i < 8; ++i) {
    session.show(with_video(size, bounds(size), i));
    session.now += milliseconds(40);
  }
  EXPECT_TRUE(session.encoder.trim(session.now));
  session.now += std::chrono::seconds(10);
  EXPECT_FALSE(session.encoder.trim(session.now));
  // And another one can begin.
  for (int i = 0; i < 8; ++i) {
    session.show(with_video(size, bounds(size), i));
    session.now += milliseconds(40);
  }
  session.rest();
  EXPECT_EQ(session.client.difference(with_video(size, bounds(size), 7)), "");
}

// Whatever happens in whatever order: what is not declared inexact is exact, and after rest everything is.
TEST(FrameEncoder, AnySequenceEndsExact) {
  Random random(77);
  for (int round = 0; round < 12; ++round) {
    const Size size{random.between(70, 700), random.between(70, 500)};
    Session session(size, {.clear = true,
                           .planar = random() % 4 != 0,
                           .avc420 = random() % 4 != 0,
                           .progressive = random() % 2 == 0,
                           .copy = random() % 4 != 0,
                           .cached_tiles = static_cast<std::uint16_t>(random() % 40)});
    if (random() % 2 == 0) session.encoder.set_line_rate(random() % 2'000'000);
    Picture picture = make_picture(testing::kAllContents[random() % 7], size, random());
    session.show(picture);
    const Rect video{random.between(0, size.width / 3), random.between(0, size.height / 3), size.width / 2,
                     size.height / 2};
    for (int i = 0; i < 30; ++i) {
      Region damage;
      const auto note = [&](const Rect& rect) { damage.add(intersect(rect, bounds(size))); };
      if (i % 20 < 12) {
        draw_photo(picture, video, i);
        note(video);
      }
      if (random() % 3 == 0) {
        const Point at{random.between(0, size.width), random.between(0, size.height)};
        draw_glyph(picture, at, static_cast<char>('a' + random() % 26), random());
        note({at.x, at.y, 8, 16});
      }
      if (random() % 8 == 0) {
        const Rect rect{random.between(-20, size.width), random.between(-20, size.height), random.between(1, 300),
                        random.between(1, 200)};
        picture.fill(rect, random());
        note(rect);
      }
      if (random() % 3 == 0) note({random.between(0, size.width), 0, 100, size.height});
      if (random() % 3 == 0) {
        const Picture before = picture;
        picture.paste(before, {random.between(-1, 1) * 13, random.between(-90, 90)});
        note(bounds(size));
      }
      session.show(picture, damage);
      ASSERT_EQ(session.client.difference(picture, session.encoder.inexact()), "") << round << ", " << i;
      session.now += milliseconds(random.between(5, 60));
      if (random() % 4 == 0) {
        ASSERT_TRUE(session.client.show(session.encoder.refine(session.diff.picture(), session.now)));
      }
    }
    session.rest();
    ASSERT_EQ(session.client.difference(picture), "") << round;
  }
}

}  // namespace
}  // namespace tobari::display
