// SPDX-License-Identifier: GPL-3.0-or-later
// What measures must itself be right.
#include <cstring>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "frames/ledger.h"
#include "frames/mark.h"
#include "frames/watch.h"

namespace tobari::testing {
namespace {

using namespace std::chrono_literals;
using Time = FrameWatch::Clock::time_point;

constexpr int kWidth = 320;
constexpr int kHeight = 64;
constexpr std::size_t kStride = kWidth * 4;
constexpr Time kStart = Time{} + 1h;

std::int64_t ns(Time t) { return t.time_since_epoch().count(); }

class FramesTest : public ::testing::Test {
 protected:
  FramesTest() : ledger(FrameLedger::create(path, kWidth, kHeight, {0, 40, kWidth, 24}).value()) {}
  ~FramesTest() override { ::unlink(path.c_str()); }

  void draw(std::uint32_t number, Time at, bool rests = false) {
    draw_mark(pixels.data(), kStride, kFrameMarkY, number);
    draw_mark(pixels.data(), kStride, kKeyMarkY, keys);
    ledger.keep_sample(number, pixels.data(), kStride);
    ledger.about_to_draw(number, ns(at), rests ? picture_hash(pixels.data(), kStride, kWidth, kHeight) : 0);
    ledger.drawn(number, ns(at));
  }
  [[nodiscard]] Shown shown() const { return {pixels.data(), kStride, kWidth, kHeight}; }
  [[nodiscard]] bool tells(const FrameWatch& watch, const std::string& what) const {
    return watch.json().find(what) != std::string::npos;
  }

  std::string path = "/tmp/frames-test-" + std::to_string(::getpid());
  std::vector<std::byte> pixels = std::vector<std::byte>(kStride * kHeight);
  std::uint32_t keys = 0;
  FrameLedger ledger;
};

TEST_F(FramesTest, AMarkIsReadAsItWasDrawnAndAlsoWhenBlurred) {
  for (const std::uint32_t number : {0U, 1U, 0xA5A5A5A5U, 0xFFFFFFFFU}) {
    draw_mark(pixels.data(), kStride, kFrameMarkY, number);
    EXPECT_EQ(read_mark(pixels.data(), kStride, kFrameMarkY), number);
  }
  for (std::byte& b : pixels) b = static_cast<std::byte>(64 + std::to_integer<int>(b) / 2);
  EXPECT_EQ(read_mark(pixels.data(), kStride, kFrameMarkY), 0xFFFFFFFFU);
}

TEST_F(FramesTest, WhatIsNoMarkIsNone) { EXPECT_FALSE(read_mark(pixels.data(), kStride, kFrameMarkY).has_value()); }

TEST_F(FramesTest, TheUnusedByteIsNoPartOfThePicture) {
  const std::uint64_t hash = picture_hash(pixels.data(), kStride, kWidth, kHeight);
  pixels[3] = std::byte{0xFF};
  EXPECT_EQ(picture_hash(pixels.data(), kStride, kWidth, kHeight), hash);
  pixels[4] = std::byte{1};
  EXPECT_NE(picture_hash(pixels.data(), kStride, kWidth, kHeight), hash);
}

TEST_F(FramesTest, ALedgerIsReadByOthers) {
  draw(FrameLedger::kSampleEvery, kStart);
  auto other = FrameLedger::open(path).value();
  EXPECT_EQ(other.last(), FrameLedger::kSampleEvery);
  EXPECT_EQ(other.frame(FrameLedger::kSampleEvery).drawn_ns, ns(kStart));
  EXPECT_EQ(other.sample(FrameLedger::kSampleEvery).size(), kStride * 24);
  EXPECT_TRUE(other.sample(FrameLedger::kSampleEvery + 1).empty());
  EXPECT_FALSE(FrameLedger::open(path + "-not").has_value());
}

TEST_F(FramesTest, LatencyAndAgeAreCountedFromTheDrawing) {
  FrameWatch watch(ledger);
  watch.begin();
  draw(1, kStart);
  watch.painted(shown(), kStart + 7ms);
  EXPECT_TRUE(tells(watch, R"("latency_ms":{"n":1,"p50":7.0)")) << watch.json();
  ledger.drawn(2, ns(kStart + 20ms));
  watch.tick(kStart + 50ms);
  EXPECT_TRUE(tells(watch, R"("age_ms":{"n":1,"p50":30.0)")) << watch.json();
  EXPECT_TRUE(tells(watch, R"("frames":1,"asked":2)")) << watch.json();
}

TEST_F(FramesTest, ARestIsExactWhenEveryPixelIs) {
  FrameWatch watch(ledger);
  watch.begin();
  draw(1, kStart, true);
  const std::byte right = std::exchange(pixels[kStride * 50], std::byte{9});
  watch.painted(shown(), kStart + 5ms);
  watch.tick(kStart + 10ms);
  EXPECT_TRUE(tells(watch, R"("exact_ms":{"n":0)")) << watch.json();
  pixels[kStride * 50] = right;
  watch.painted(shown(), kStart + 40ms);
  watch.tick(kStart + 41ms);
  EXPECT_TRUE(tells(watch, R"("exact_ms":{"n":0)")) << "looked at when nothing more comes";
  watch.tick(kStart + 50ms);
  EXPECT_TRUE(tells(watch, R"("exact_ms":{"n":1,"p50":40.0)")) << watch.json();
  EXPECT_TRUE(tells(watch, R"("rests":1)"));
}

TEST_F(FramesTest, KeysAreMatchedInOrder) {
  FrameWatch watch(ledger);
  draw(1, kStart);
  watch.painted(shown(), kStart);
  watch.key_sent(kStart + 10ms);
  watch.key_sent(kStart + 20ms);
  keys = 2;
  draw(2, kStart + 25ms);
  watch.painted(shown(), kStart + 30ms);
  EXPECT_TRUE(tells(watch, R"("key_ms":{"n":2,"p50":20.0)")) << watch.json();
}

TEST_F(FramesTest, TheErrorOfALossyPictureIsToldInDecibels) {
  FrameWatch watch(ledger);
  watch.begin();
  draw(FrameLedger::kSampleEvery, kStart);
  for (std::size_t i = kStride * 40; i < pixels.size(); ++i) pixels[i] = static_cast<std::byte>(16);
  watch.painted(shown(), kStart);
  EXPECT_TRUE(tells(watch, R"("psnr_db":24.0)")) << watch.json();  // 20 log10(255 / 16)
}

}  // namespace
}  // namespace tobari::testing
