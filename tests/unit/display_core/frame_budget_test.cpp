// SPDX-License-Identifier: GPL-3.0-or-later
// How much of a picture goes in one frame, and what goes first.
#include <chrono>

#include <gtest/gtest.h>

#include "encode/frame_encoder.h"
#include "encoder_session.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using std::chrono::milliseconds;
using testing::bytes_in;
using testing::Picture;
using testing::Random;
using testing::Session;
using Time = FrameEncoder::Time;

Picture noise_of(Size size, std::uint32_t seed) {
  Picture noise(size);
  Random random(seed);
  for (std::uint32_t& pixel : noise.pixels) pixel = random();
  return noise;
}

TEST(FrameBudget, LargeFramesAreCutAtTheBudget) {
  const Size size{1920, 1080};
  const Picture noise = noise_of(size, 4);
  Session session(size, {true, true, true});
  const EncodedFrame frame = session.show(noise);
  EXPECT_GE(bytes_in(frame), FrameEncoder::kFrameByteBudget / 2);
  EXPECT_LE(bytes_in(frame), FrameEncoder::kFrameByteBudget);
  EXPECT_EQ(session.encoder.next_refinement(), Time::min());
  session.rest();
  EXPECT_EQ(session.client.difference(noise), "");
}

TEST(FrameBudget, TheBudgetOfANarrowLineIsKept) {
  const Size size{640, 480};
  const Picture noise = noise_of(size, 4);
  Session session(size, {true, true, false});
  static_cast<void>(session.diff.update(noise.view(), Region(bounds(size))));
  constexpr std::size_t kBudget = 4096;
  std::size_t frames = 0;
  for (EncodedFrame frame = session.encoder.encode(session.diff.picture(), Region(bounds(size)), session.now, kBudget);;
       frame = session.encoder.refine(session.diff.picture(), session.now, kBudget)) {
    EXPECT_LE(bytes_in(frame), kBudget + 64 * 64 * 4 + 64) << "one piece may go beyond it";
    ASSERT_TRUE(session.client.show(frame));
    if (++frames > 1000 || !session.encoder.next_refinement()) break;
  }
  EXPECT_GE(frames, 640U * 480 / (64 * 64));
  EXPECT_EQ(session.client.difference(noise), "");
}

TEST(FrameBudget, ASmallChangeGoesBeforeWhatIsOwed) {
  const Size size{640, 480};
  Picture picture = noise_of(size, 4);
  Session session(size, {true, true, false});
  static_cast<void>(session.diff.update(picture.view(), Region(bounds(size))));
  ASSERT_TRUE(
      session.client.show(session.encoder.encode(session.diff.picture(), Region(bounds(size)), session.now, 4096)));
  const Rect letter{600, 400, 10, 20};  // far down in what is owed
  picture.fill(letter, 0x00FF00);
  const Region changed = session.diff.update(picture.view(), Region(letter));
  const EncodedFrame frame = session.encoder.encode(session.diff.picture(), changed, session.now, 4096);
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(frame.rects.front().rect, letter);
}

TEST(FrameBudget, NoPartOfAPictureThatAlwaysChangesWaitsForEver) {
  const Size size{640, 480};
  Session session(size, {true, true, false});
  Region never(bounds(size));
  for (std::uint32_t i = 0; i < 400 && !never.empty(); ++i) {
    const Picture noise = noise_of(size, i);
    const Region changed = session.diff.update(noise.view(), Region(bounds(size)));
    const EncodedFrame frame = session.encoder.encode(session.diff.picture(), changed, session.now, 4096);
    for (const EncodedRect& rect : frame.rects) never.subtract(rect.rect);
    session.now += milliseconds(40);
  }
  EXPECT_TRUE(never.empty()) << never.area() << " pixels were never sent";
}

}  // namespace
}  // namespace tobari::display
