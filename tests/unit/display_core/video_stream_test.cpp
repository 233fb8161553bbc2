// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/video_stream.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "decoders.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using std::chrono::milliseconds;
using testing::Content;
using testing::Picture;
using testing::ReferenceClient;

constexpr Size kStreamed{1024, 768};

class VideoStreamTest : public ::testing::Test {
 protected:
  VideoStreamTest() : picture(make_picture(Content::kTextLight, kStreamed)), client(kStreamed) {
    stream.reset(kStreamed);
  }

  EncodedFrame play(const Rect& window) {
    draw_photo(picture, window, phase++);
    EncodedFrame frame;
    const auto sent = stream.encode(picture.view(), Region(window), window, now, frame);
    EXPECT_TRUE(sent) << describe(sent.error());
    EXPECT_TRUE(client.show(frame));
    now += milliseconds(40);
    return frame;
  }

  [[nodiscard]] double mean_error(const Rect& rect) const {
    long sum = 0;
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        for (int shift = 0; shift < 24; shift += 8) {
          sum += std::abs(static_cast<int>(picture.at(x, y) >> shift & 0xFF) -
                          static_cast<int>(client.picture().at(x, y) >> shift & 0xFF));
        }
      }
    }
    return static_cast<double>(sum) / static_cast<double>(rect.area() * 3);
  }

  static int made(const EncodedFrame& frame) {
    return static_cast<int>(std::ranges::count(frame.rects, Codec::kVideoSurface, &EncodedRect::codec));
  }

  Picture picture;
  ReferenceClient client;
  VideoStream stream;
  VideoStream::Time now = VideoStream::Time{} + std::chrono::hours(1);
  int phase = 0;
};

TEST_F(VideoStreamTest, CoversTheVideoOnlyAndIsMadeOnce) {
  const Rect window{131, 67, 401, 303};
  const Picture before = client.picture();
  for (int i = 0; i < 5; ++i) {
    const EncodedFrame frame = play(window);
    EXPECT_EQ(made(frame), i == 0 ? 1 : 0);
    EXPECT_TRUE(frame.rects.back().off_screen);
    EXPECT_LE(mean_error(window), 6) << i;
  }
  EXPECT_EQ(client.difference(before, Region({130, 66, 402, 304})), "") << "nothing else was painted";
}

TEST_F(VideoStreamTest, GrowsOnceAndThenTakesTheWholeSurface) {
  play({128, 64, 320, 192});
  EXPECT_EQ(made(play({128, 64, 320, 192})), 0);
  now += VideoStream::kStill;
  const EncodedFrame grown = play({128, 64, 384, 192});
  EXPECT_EQ(made(grown), 1);
  EXPECT_TRUE(grown.rects.back().off_screen);
  const EncodedFrame again = play({192, 64, 384, 192});  // somebody drags the window
  EXPECT_EQ(made(again), 0);
  EXPECT_FALSE(again.rects.back().off_screen);
  EXPECT_EQ(again.rects.back().rect, bounds(kStreamed));
  play({256, 64, 384, 192});
  EXPECT_LE(mean_error({256, 64, 384, 192}), 6);
}

TEST_F(VideoStreamTest, FullScreenVideoIsDecodedWhereItIsShown) {
  const EncodedFrame frame = play({0, 40, 1024, 720});
  EXPECT_EQ(made(frame), 0);
  EXPECT_FALSE(frame.rects.back().off_screen);
  EXPECT_LE(mean_error({0, 40, 1024, 720}), 6);
}

TEST_F(VideoStreamTest, AnotherFilmLaterGetsItsOwnPlace) {
  play({128, 64, 320, 192});
  EXPECT_TRUE(stream.trim(now));
  now += VideoStream::kKept;
  EXPECT_FALSE(stream.trim(now));
  const EncodedFrame frame = play({640, 448, 320, 192});
  EXPECT_EQ(made(frame), 1);
  EXPECT_TRUE(frame.rects.front().replaces);
  EXPECT_EQ(frame.rects.back().rect, (Rect{640, 448, 320, 192}));
  EXPECT_LE(mean_error({640, 448, 320, 192}), 6);
}

}  // namespace
}  // namespace tobari::display
