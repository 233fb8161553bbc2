// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/gfx_pdu.h"

#include <initializer_list>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::advertise;
using testing::bytes;
using testing::Bytes;

TEST(Gfx, ChoosesTheNewestVersionAndAvcByItsFlags) {
  const auto choose = [](const Bytes& message) {
    return gfx::choose(std::get<gfx::CapsAdvertise>(gfx::parse(message).value().at(0)));
  };
  const auto with_avc = choose(advertise({{0x80004, 1}, {0xA0701, 0x02}, {0xA0002, 0x22}}));
  ASSERT_TRUE(with_avc);
  EXPECT_EQ(with_avc->set.version, 0xA0701U);
  EXPECT_TRUE(with_avc->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0xA0701, 0x22}}))->codecs.avc420);
  EXPECT_TRUE(choose(advertise({{0x80105, 0x10}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0x80105, 0x01}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0x80004, 0x10}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0xDEAD, 0}})).has_value());
}

TEST(Gfx, OffScreenVideoIsDecodedOnItsOwnSurfaceAndCopied) {
  EncodedFrame frame;
  EncodedRect& surface = frame.rects.emplace_back();
  surface.codec = Codec::kVideoSurface;
  surface.rect = {64, 32, 128, 80};
  EncodedRect& video = frame.rects.emplace_back();
  video.codec = Codec::kAvc420;
  video.rect = {64, 32, 128, 80};
  video.off_screen = true;
  video.regions = {{70, 40, 10, 6}};
  video.data = bytes({1, 2, 3});
  Bytes out;
  gfx::frame(1, 7, frame, out);
  const Bytes expected =
      bytes({0x0B, 0, 0, 0, 16,  0, 0,  0, 0,  0,    0,    0, 7,    0, 0,    0,     // start of frame
             0x09, 0, 0, 0, 15,  0, 0,  0, 1,  0x80, 128,  0, 80,   0, 0x20,        // a surface of that size
             0x01, 0, 0, 0, 42,  0, 0,  0, 1,  0x80, 0x0B, 0, 0x20,                 // on it
             0,    0, 0, 0, 128, 0, 80, 0, 17, 0,    0,    0,                       // all of it
             1,    0, 0, 0, 6,   0, 8,  0, 16, 0,    14,   0, 0,    0, 1,    2, 3,  // of which a part
             0x05, 0, 0, 0, 26,  0, 0,  0, 1,  0x80, 1,    0,                       // is copied to surface 1
             6,    0, 8, 0, 16,  0, 14, 0, 1,  0,    70,   0, 40,   0,              //
             0x0C, 0, 0, 0, 12,  0, 0,  0, 7,  0,    0,    0});
  EXPECT_EQ(out, expected);
}

TEST(Gfx, BelievesAClientThatSaysItsCacheIsSmall) {
  const auto tiles = [](std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sets) {
    return static_cast<long>(
        gfx::choose(std::get<gfx::CapsAdvertise>(gfx::parse(advertise(sets)).value().at(0)))->codecs.cached_tiles);
  };
  constexpr long kTileBytes = 64L * 64 * 4;
  const long large = tiles({{0xA0701, 0}});
  EXPECT_GT(large * kTileBytes, 90'000'000);
  EXPECT_LE(large * kTileBytes, 100'000'000);
  const long small = tiles({{0xA0701, 2}});
  EXPECT_GT(small * kTileBytes, 15'000'000);
  EXPECT_LE(small * kTileBytes, 16'000'000);
  EXPECT_EQ(tiles({{0x80004, 1}}), small);
  EXPECT_EQ(tiles({{0x80105, 2}}), small);
  EXPECT_EQ(tiles({{0xA0301, 0}}), small);                // 10.3: always
  EXPECT_EQ(tiles({{0xA0100, 0}}), small);                // 10.1: cannot say
  EXPECT_EQ(tiles({{0xA0701, 0}, {0x80105, 2}}), small);  // said elsewhere
  EXPECT_EQ(tiles({{0xA0701, 0}, {0xA0100, 3}}), large);  // reserved bytes say nothing
}

TEST(Gfx, WritesCopiesAndTheCache) {
  const auto written = [](EncodedRect rect) {
    EncodedFrame frame;
    frame.rects.push_back(std::move(rect));
    Bytes out;
    gfx::frame(3, 9, frame, out);
    return Bytes(out.begin() + 16, out.end() - 12);  // between the frame's start and end
  };
  EXPECT_EQ(written({.codec = Codec::kCopy, .rect = {16, 32, 100, 200}, .data = {}, .regions = {}, .from = {16, 68}}),
            bytes({5, 0, 0, 0, 26, 0, 0, 0, 3, 0, 3, 0, 16, 0, 68, 0, 116, 0, 12, 1, 1, 0, 16, 0, 32, 0}));
  EXPECT_EQ(written({.codec = Codec::kStore,
                     .rect = {64, 128, 64, 64},
                     .data = {},
                     .regions = {},
                     .slot = 0x123,
                     .key = 0x102030405}),
            bytes({6, 0, 0, 0, 28, 0, 0, 0, 3, 0, 5, 4, 3, 2, 1, 0, 0, 0, 0x23, 1, 64, 0, 128, 0, 128, 0, 192, 0}));
  EXPECT_EQ(
      written({.codec = Codec::kStore, .rect = {0, 0, 64, 64}, .data = {}, .regions = {}, .replaces = true, .slot = 7})
          .size(),
      10U + 28U);
  EXPECT_EQ(written({.codec = Codec::kRecall, .rect = {64, 128, 64, 64}, .data = {}, .regions = {}, .slot = 0x123}),
            bytes({7, 0, 0, 0, 18, 0, 0, 0, 0x23, 1, 3, 0, 1, 0, 64, 0, 128, 0}));
}

TEST(Gfx, ParsesAcknowledgementsAndRefusesNonsense) {
  const Bytes ack = bytes({0x0D, 0, 0, 0, 20, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0, 1, 0, 0, 0});
  const auto messages = gfx::parse(ack);
  ASSERT_TRUE(messages);
  EXPECT_EQ(std::get<gfx::FrameAcknowledge>(messages->at(0)).queue_depth, gfx::kSuspendAcks);
  EXPECT_EQ(std::get<gfx::FrameAcknowledge>(messages->at(0)).frame, 7U);
  EXPECT_FALSE(gfx::parse(bytes({0x0D, 0, 0, 0, 21, 0, 0, 0, 1})));
  EXPECT_FALSE(gfx::parse(bytes({0x0D, 0, 0, 0, 7, 0, 0, 0})));
  EXPECT_FALSE(gfx::parse(bytes({0x77, 0, 0, 0, 8, 0, 0, 0})));
  Bytes many = advertise({{1, 1}});
  many[8] = std::byte{0xFF};
  EXPECT_FALSE(gfx::parse(many));
}

TEST(Gfx, WritesAFrameInOneGo) {
  EncodedFrame frame;
  frame.rects.push_back({.codec = Codec::kSolid, .rect = {1, 2, 3, 4}, .data = Bytes(4), .regions = {}});
  frame.rects.push_back({.codec = Codec::kPlanar, .rect = {0, 0, 64, 64}, .data = Bytes(100), .regions = {}});
  Bytes out;
  gfx::frame(0, 9, frame, out);
  EXPECT_EQ(out.size(), 16U + (8 + 8 + 8) + (8 + 17 + 100) + 12);
  out.clear();
  gfx::reset_graphics(MonitorLayout::single({1920, 1080}), out);
  EXPECT_EQ(out.size(), 340U);
}

}  // namespace
}  // namespace tobari::display
