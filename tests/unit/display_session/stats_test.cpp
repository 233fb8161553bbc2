// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>

#include "stats/stats_recorder.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

// ---- the histogram

TEST(LogHistogramTest, EveryBucketHoldsWhatItSays) {
  for (std::size_t bucket = 0; bucket < LogHistogram::kBuckets; ++bucket) {
    const std::uint64_t least = LogHistogram::least_of(bucket);
    EXPECT_EQ(LogHistogram::bucket_of(least), bucket);
    if (least > 0) {
      EXPECT_EQ(LogHistogram::bucket_of(least - 1), bucket - 1);
    }
  }
  EXPECT_EQ(LogHistogram::bucket_of(~std::uint64_t{0}), LogHistogram::kBuckets - 1);
}

TEST(LogHistogramTest, QuantilesAreRightToAnEighth) {
  LogHistogram histogram;
  EXPECT_FALSE(histogram.quantile(0.5).has_value());
  for (std::uint64_t v = 1; v <= 10'000; ++v) histogram.add(v);
  EXPECT_EQ(histogram.count(), 10'000U);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_NEAR(static_cast<double>(*histogram.quantile(share)), 10'000 * share, 10'000 * share / 8) << share;
  }
}

TEST(LogHistogramTest, SumsAndDifferencesCount) {
  LogHistogram early;
  early.add(5);
  LogHistogram late = early;
  late.add(900);
  EXPECT_EQ(late.since(early).count(), 1U);
  EXPECT_EQ(late.since(early).quantile(1), LogHistogram{[] {
                                             LogHistogram only;
                                             only.add(900);
                                             return only;
                                           }()}
                                               .quantile(1));
  early.merge(late);
  EXPECT_EQ(early.count(), 3U);
}

// ---- the recorder

class Recorder : public ::testing::Test {
 protected:
  void SetUp() override { recorder.begin_client(now); }

  FrameId send(std::optional<StatsRecorder::Time> pressed = {}, std::size_t screen = 0) {
    EncodedFrame frame;
    frame.rects.push_back(
        {.codec = Codec::kClear, .rect = {0, 0, 64, 64}, .data = std::vector<std::byte>(100), .regions = {}});
    frame.rects.push_back({.codec = Codec::kAvc420,
                           .rect = {0, 0, 1920, 1080},
                           .data = std::vector<std::byte>(1000),
                           .regions = {{0, 0, 16, 16}, {16, 0, 16, 16}}});
    recorder.sent(frame,
                  {.id = next, .screen = screen, .encoding = 800us, .pressed = pressed, .unsent = 5000, .in_flight = 1},
                  now);
    return next++;
  }
  DisplayStats stats() { return recorder.of_client(now); }

  StatsRecorder recorder;
  StatsRecorder::Time now{1h};
  FrameId next = 1;
};

TEST_F(Recorder, CountsCommandsBytesAndPixelsByCodec) {
  send();
  send();
  const DisplayStats seen = stats();
  EXPECT_EQ(seen.frames, 2U);
  ASSERT_EQ(seen.codecs.size(), 2U);
  EXPECT_EQ(seen.codecs[0].codec, Codec::kClear);
  EXPECT_EQ(seen.codecs[0].bytes, 200U);
  EXPECT_EQ(seen.codecs[0].pixels, 2 * 4096U);
  EXPECT_EQ(seen.codecs[1].pixels, 2 * 512U) << "what moves, not the whole picture";
  EXPECT_EQ(seen.bytes(), 2200U);
  EXPECT_EQ(seen.encode.count(), 2U);
  EXPECT_EQ(seen.unsent_peak_bytes, 5000U);
}

TEST_F(Recorder, CountsFramesThatLeaveThePictureInexact) {
  const DisplayStats before = stats();
  for (const bool inexact : {true, false}) {
    StatsRecorder::Sent about;
    about.id = next++;
    about.inexact = inexact;
    recorder.sent({}, about, now);
  }
  const DisplayStats seen = stats().since(before);
  EXPECT_EQ(seen.frames, 2U);
  EXPECT_EQ(seen.frames_inexact, 1U);
  DisplayStats sum = seen;
  sum.merge(seen);
  EXPECT_EQ(sum.frames_inexact, 2U);
}

TEST_F(Recorder, AnInputIsMeasuredUntilItsFrameLeaves) {
  const auto pressed = now;
  now += 3ms;
  const FrameId id = send(pressed, 2);
  now += 1ms;
  EXPECT_EQ(stats().input_of_all().count(), 0U) << "it has not left";
  recorder.left(id, now);
  recorder.left(id, now + 5ms);
  const DisplayStats seen = stats();
  ASSERT_EQ(seen.input.size(), 3U);
  EXPECT_EQ(seen.input[2].count(), 1U) << "once, and on its screen";
  EXPECT_NEAR(static_cast<double>(*seen.input[2].quantile(1)), 4000, 500);
}

TEST_F(Recorder, WhatAnswersAfterASecondAnswersSomethingElse) {
  const FrameId id = send(now - 1100ms);
  recorder.left(id, now);
  EXPECT_EQ(stats().input_of_all().count(), 0U);
}

TEST_F(Recorder, AcknowledgementsTakeAllFramesUpToTheirs) {
  send();
  const FrameId second = send();
  send();
  now += 20ms;
  recorder.acknowledged(second, now);
  recorder.acknowledged(second, now);
  EXPECT_EQ(stats().frames_acknowledged, 2U);
  EXPECT_NEAR(static_cast<double>(*stats().acknowledge.quantile(0.5)), 20'000, 2500);
}

TEST_F(Recorder, IdsWrapAround) {
  next = 0xFFFFFFFF;
  send();
  const FrameId after = send();
  recorder.acknowledged(after, now);
  EXPECT_EQ(stats().frames_acknowledged, 2U);
}

TEST_F(Recorder, AClientThatNeverAcknowledgesCostsNoMemory) {
  for (int i = 0; i < 10'000; ++i) send();
  recorder.acknowledged(next, now);
  EXPECT_EQ(stats().frames_acknowledged, StatsRecorder::kRemembered);
}

TEST_F(Recorder, AScreenBeyondTheLastCountsAsTheLast) {
  recorder.left(send(now, 1'000'000), now);
  EXPECT_EQ(stats().input.size(), DisplayStats::kMaxScreens);
}

TEST_F(Recorder, ClientsComeAndGoAndTheSumStays) {
  send();
  now += 2s;
  recorder.end_client(now);
  now += 1h;
  EXPECT_EQ(stats().observed, 2s);
  EXPECT_FALSE(stats().connected);
  recorder.begin_client(now);
  EXPECT_EQ(stats().frames, 0U);
  send();
  now += 1s;
  const DisplayStats all = recorder.of_all(now);
  EXPECT_EQ(all.frames, 2U);
  EXPECT_EQ(all.observed, 3s);
  EXPECT_TRUE(all.connected);
}

TEST_F(Recorder, NothingIsCountedForNobody) {
  recorder.end_client(now);
  send();
  EXPECT_EQ(stats().frames, 0U);
}

TEST_F(Recorder, ADifferenceIsWhatHappenedBetween) {
  send();
  const DisplayStats before = recorder.of_all(now);
  now += 1s;
  send();
  send();
  const DisplayStats after = recorder.of_all(now).since(before);
  EXPECT_EQ(after.frames, 2U);
  EXPECT_EQ(after.observed, 1s);
  EXPECT_EQ(after.codecs[0].bytes, 200U);
  DisplayStats sum = before;
  sum.merge(after);
  EXPECT_EQ(sum.bytes(), recorder.of_all(now).bytes());
}

}  // namespace
}  // namespace tobari::display
