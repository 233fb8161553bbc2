// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/codec_trust.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = CodecTrust::Time;

constexpr ClientCodecs kEveryCodec{.clear = true, .planar = true, .avc420 = true, .progressive = true};

EncodedFrame frame_of(Codec codec) {
  EncodedFrame frame;
  frame.rects.emplace_back().codec = codec;
  return frame;
}

class CodecTrustTest : public ::testing::Test {
 protected:
  void play(int frames) {
    for (int i = 0; i < frames; ++i, now += milliseconds(40)) trust.sent(frame_of(Codec::kAvc420), now);
  }
  CodecTrust trust;
  Time now = Time{} + std::chrono::hours(1);
};

TEST_F(CodecTrustTest, TrustsWhatIsOfferedAndNoMore) {
  EXPECT_TRUE(trust.trusted(kEveryCodec).avc420);
  EXPECT_FALSE(trust.trusted({.clear = true, .planar = true}).avc420);
}

TEST_F(CodecTrustTest, AClosedChannelCostsTheMostDemandingCodecThatWasUsed) {
  trust.sent(frame_of(Codec::kClear), now);
  trust.sent(frame_of(Codec::kProgressive), now);
  trust.sent(frame_of(Codec::kAvc420), now);
  EXPECT_EQ(trust.channel_closed(), "avc420");
  EXPECT_FALSE(trust.trusted(kEveryCodec).avc420);
  EXPECT_TRUE(trust.trusted(kEveryCodec).progressive);
  EXPECT_EQ(trust.channel_closed(), "progressive");
  EXPECT_EQ(trust.channel_closed(), "clear");
  EXPECT_TRUE(trust.trusted(kEveryCodec).planar);
  EXPECT_EQ(trust.channel_closed(), std::nullopt) << "there is nothing left to give up";
}

TEST_F(CodecTrustTest, WhatWasNeverUsedIsNotToBlame) {
  trust.sent(frame_of(Codec::kClear), now);
  EXPECT_EQ(trust.channel_closed(), "clear");
  EXPECT_TRUE(trust.trusted(kEveryCodec).avc420);
}

TEST_F(CodecTrustTest, AClientThatAnswersButNeverAcknowledgesVideoLosesIt) {
  play(10);
  EXPECT_EQ(trust.answered(now), std::nullopt) << "it may be slow";
  now += CodecTrust::kSilence;
  EXPECT_EQ(trust.answered(now), "avc420");
  EXPECT_EQ(trust.answered(now), std::nullopt) << "once";
}

TEST_F(CodecTrustTest, OneAcknowledgementIsEnough) {
  play(10);
  trust.acknowledged();
  now += seconds(60);
  EXPECT_EQ(trust.answered(now), std::nullopt);
  play(1);  // some acknowledge a frame with the next one only
  now += seconds(60);
  EXPECT_EQ(trust.answered(now), std::nullopt);
}

TEST_F(CodecTrustTest, SuspendedAcknowledgementsAreNoSilence) {
  trust.acks_suspended();
  play(100);
  now += seconds(60);
  EXPECT_EQ(trust.answered(now), std::nullopt);
  trust.acknowledged();
  play(10);
  now += CodecTrust::kSilence;
  EXPECT_EQ(trust.answered(now), "avc420") << "they had come back";
}

TEST_F(CodecTrustTest, RepaintsAgainAndAgainDuringVideoCostIt) {
  for (std::size_t i = 1; i < CodecTrust::kRepaints; ++i) {
    play(2);
    EXPECT_EQ(trust.repaint_asked(now), std::nullopt);
    EXPECT_EQ(trust.repaint_asked(now), std::nullopt) << "no video since the last one";
  }
  play(2);
  EXPECT_EQ(trust.repaint_asked(now), "avc420");
}

TEST_F(CodecTrustTest, RepaintsNowAndThenAreOrdinary) {
  for (int i = 0; i < 20; ++i) {
    play(2);
    EXPECT_EQ(trust.repaint_asked(now), std::nullopt);
    now += CodecTrust::kRepaintWindow / 2;
  }
}

}  // namespace
}  // namespace tobari::display
