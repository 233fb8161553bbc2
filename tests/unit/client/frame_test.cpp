// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/frame.h"

#include <gtest/gtest.h>

#include "session/backoff.h"

namespace tobari::client {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, TriesAtOnceThenWaitsLongerUpToALimit) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(), milliseconds(0));
  EXPECT_EQ(backoff.next(), milliseconds(250));
  EXPECT_EQ(backoff.next(), milliseconds(500));
  for (int i = 0; i < 20; ++i) (void)backoff.next();
  EXPECT_EQ(backoff.next(), Backoff::kMost);
  backoff.reset();
  EXPECT_EQ(backoff.next(), milliseconds(0));
  EXPECT_EQ(backoff.tries(), 1);
}

// A display process that comes back within a second is met at once: the first four tries fall into it.
TEST(Backoff, HasSeveralTriesInTheFirstTwoSeconds) {
  Backoff backoff;
  milliseconds sum{0};
  int tries = 0;
  while (sum <= milliseconds(2000)) {
    sum += backoff.next();
    ++tries;
  }
  EXPECT_GE(tries, 4);
}

TEST(Frame, RefusesSizesBeyondItsLimits) {
  Frame frame;
  EXPECT_FALSE(frame.resize(QSize(0, 10)));
  EXPECT_FALSE(frame.resize(QSize(10, -1)));
  EXPECT_FALSE(frame.resize(QSize(Frame::kMaxSide + 1, 10)));
  EXPECT_TRUE(frame.resize(QSize(10, 10)));
  EXPECT_EQ(frame.size(), QSize(10, 10));
}

TEST(Frame, TellsOnceUntilTheDamageIsTaken) {
  Frame frame;
  ASSERT_TRUE(frame.resize(QSize(100, 100)));
  frame.begin_update();
  EXPECT_TRUE(frame.end_update(QRect(0, 0, 10, 10)));
  frame.begin_update();
  EXPECT_FALSE(frame.end_update(QRect(50, 50, 10, 10)));
  EXPECT_EQ(frame.take_damage(), QRegion(0, 0, 10, 10) + QRegion(50, 50, 10, 10));
  frame.begin_update();
  EXPECT_TRUE(frame.end_update(QRect(90, 90, 100, 100)));
  EXPECT_EQ(frame.take_damage(), QRegion(90, 90, 10, 10)) << "clipped to the picture";
}

TEST(Frame, TakesUpdatesOutOfTurnWithoutHarm) {
  Frame frame;
  ASSERT_TRUE(frame.resize(QSize(10, 10)));
  EXPECT_FALSE(frame.end_update(QRect(0, 0, 5, 5)));
  frame.begin_update();
  frame.begin_update();
  EXPECT_TRUE(frame.end_update(QRect(0, 0, 5, 5)));
}

TEST(Frame, KeepsItsDamageSmallHoweverFinelyItIsCut) {
  Frame frame;
  ASSERT_TRUE(frame.resize(QSize(1000, 1000)));
  frame.begin_update();
  QRegion dots;
  for (int i = 0; i < 400; ++i) dots += QRect((i % 20) * 40, (i / 20) * 40, 3, 3);
  EXPECT_TRUE(frame.end_update(dots));
  const QRegion taken = frame.take_damage();
  EXPECT_EQ(taken.rectCount(), 1);
  EXPECT_EQ((dots - taken).rectCount(), 0);
}

}  // namespace
}  // namespace tobari::client
