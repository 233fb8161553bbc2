// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_packer.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

class Packing : public ::testing::Test {
 protected:
  void give(const std::vector<std::int16_t>& samples, unsigned rate = 48'000) {
    now += std::chrono::milliseconds(samples.size() * 1000 / 2 / rate);
    packer.add({samples, rate, now});
  }
  // `frames` of something that counts up, so that a lost or repeated sample shows.
  std::vector<std::int16_t> counting(std::size_t frames) {
    std::vector<std::int16_t> samples(frames * 2);
    for (auto& s : samples) s = static_cast<std::int16_t>(++count % 30'000 + 100);
    return samples;
  }
  static std::vector<std::int16_t> silence(std::size_t frames) { return std::vector<std::int16_t>(frames * 2, 1); }

  AudioPacker packer;
  Time now{1h};
  int count = 0;
};

TEST_F(Packing, NothingIsLostAndNothingTwice) {
  packer.set_length(20ms);
  std::vector<std::int16_t> in;
  std::vector<std::int16_t> out;
  for (const std::size_t frames : {480U, 480U, 7U, 1U, 1000U, 4800U, 480U, 33U}) {
    const auto samples = counting(frames);
    in.insert(in.end(), samples.begin(), samples.end());
    give(samples);
    while (const auto packet = packer.next()) {
      EXPECT_EQ(packet->samples.size(), 960U * 2);
      EXPECT_EQ(packet->captured, now);
      out.insert(out.end(), packet->samples.begin(), packet->samples.end());
    }
  }
  ASSERT_GE(in.size(), out.size());
  EXPECT_LT(in.size() - out.size(), 960U * 2);
  EXPECT_TRUE(std::equal(out.begin(), out.end(), in.begin()));
}

TEST_F(Packing, SilenceIsLeftOutAfterAWhileAndSoundComesAtOnce) {
  packer.set_length(40ms);
  const auto packets_of = [this](const std::vector<std::int16_t>& samples) {
    give(samples);
    int packets = 0;
    while (packer.next()) ++packets;
    return packets;
  };
  EXPECT_EQ(packets_of(silence(4800)), 0);  // there was nothing before it
  packer.clear();
  int sound = 0;
  for (int i = 0; i < 10; ++i) sound += packets_of(counting(480));
  EXPECT_EQ(sound, 2);
  int quiet = 0;
  for (int i = 0; i < 500; ++i) quiet += packets_of(silence(480));
  EXPECT_LE(quiet, 6);
  EXPECT_GE(quiet, 5);
  int again = 0;
  for (int i = 0; i < 8; ++i) again += packets_of(counting(480));
  EXPECT_GE(again, 2);
}

TEST_F(Packing, WhatIsLeftOfASoundIsNotTheBeginningOfTheNext) {
  packer.set_length(40ms);
  give(counting(500));
  EXPECT_FALSE(packer.next());
  now += 500ms;
  const auto fresh = counting(1920);
  give(fresh);
  const auto packet = packer.next();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->samples, fresh);
}

TEST_F(Packing, AnotherRateBeginsAnew) {
  packer.set_length(20ms);
  give(counting(900));
  const auto other = counting(882);
  give(other, 44'100);
  const auto packet = packer.next();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->rate, 44'100U);
  EXPECT_EQ(packet->samples, other);
}

TEST_F(Packing, BlocksBeyondTheContractAreCut) {
  packer.set_length(20ms);
  give(counting(100'000));
  std::size_t packets = 0;
  while (packer.next()) ++packets;
  EXPECT_EQ(packets, kMaxAudioBlockFrames / 960);
  packer.add({{}, 0, now});  // no rate: no sound
  EXPECT_FALSE(packer.next());
}

}  // namespace
}  // namespace tobari::display
