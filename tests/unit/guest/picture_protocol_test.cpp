// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "picture/protocol.h"

namespace tobari::guest::picture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::array<unsigned char, kHeaderBytes> header_of(std::size_t width, std::size_t height, std::size_t stride,
                                                  std::size_t colours = 256, std::size_t bits = 32) {
  std::array<unsigned char, kHeaderBytes> bytes{};
  const auto put = [&bytes](std::size_t index, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) bytes[index * 4 + i] = static_cast<unsigned char>(value >> (24 - 8 * i));
  };
  put(0, 160);
  put(4, width);
  put(5, height);
  put(11, bits);
  put(12, stride);
  put(19, colours);
  return bytes;
}

TEST(XvfbFile, SaysWhereItsPixelsAre) {
  const auto layout = layout_of(header_of(3840, 2160, 15360));
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->width, 3840);
  EXPECT_EQ(layout->height, 2160);
  EXPECT_EQ(layout->stride, 15360U);
  EXPECT_EQ(layout->offset, 160U + 256 * 12);
}

TEST(XvfbFile, WhatIsNoScreenOfOursIsRefused) {
  EXPECT_FALSE(layout_of(header_of(3840, 2160, 15360, 256, 16)));
  EXPECT_FALSE(layout_of(header_of(3840, 2160, 15359)));
  EXPECT_FALSE(layout_of(header_of(0, 2160, 15360)));
  EXPECT_FALSE(layout_of(header_of(3840, 20000, 15360)));
  EXPECT_FALSE(layout_of(header_of(3840, 2160, 15360, 70000)));
  EXPECT_FALSE(layout_of(std::array<unsigned char, kHeaderBytes>{}));
  EXPECT_FALSE(layout_of(std::array<unsigned char, 40>{}));
}

TEST(XvfbFile, WholePagesOutsideOfTheScreenAreHoles) {
  const Layout layout{4096, 4, 16384, 0};  // a row is four pages
  EXPECT_THAT(outside(layout, 4096, 4), IsEmpty());
  EXPECT_THAT(outside(layout, 1024, 4),
              ElementsAre(Pair(4096, 16384), Pair(20480, 32768), Pair(36864, 49152), Pair(53248, 65536)));
  EXPECT_THAT(outside(layout, 1025, 1), ElementsAre(Pair(8192, 65536))) << "a page with one pixel stays";
  EXPECT_THAT(outside(layout, 4096, 1), ElementsAre(Pair(16384, 65536)));
}

TEST(XvfbFile, NoPixelOfTheScreenIsInAHole) {
  const Layout layout{1000, 40, 4000, 3232};
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(999, 40), std::pair(500, 13), std::pair(1000, 39)}) {
    for (const auto& [from, to] : outside(layout, width, height)) {
      EXPECT_EQ(from % 4096, 0U);
      EXPECT_EQ(to % 4096, 0U);
      for (int y = 0; y < height; ++y) {
        const std::size_t begin = layout.offset + static_cast<std::size_t>(y) * layout.stride;
        const std::size_t end = begin + static_cast<std::size_t>(width) * 4;
        EXPECT_TRUE(end <= from || begin >= to) << width << "x" << height << ", row " << y;
      }
    }
  }
}

TEST(WaitingDamage, IsAFewRectanglesWhateverComes) {
  Waiting waiting;
  EXPECT_TRUE(waiting.empty());
  waiting.add({0, 0, 0, 5});
  EXPECT_TRUE(waiting.empty());
  for (int i = 0; i < 100; ++i) waiting.add({i, i, 1, 1});
  const Packet packet = waiting.packet();
  ASSERT_EQ(packet.size(), 2 + kMaxRects * 4);
  EXPECT_EQ(packet[0], kDamage);
  EXPECT_EQ(packet[1], static_cast<std::int32_t>(kMaxRects));
  const Packet last(packet.end() - 4, packet.end());
  EXPECT_THAT(last, ElementsAre(63, 63, 37, 37)) << "the last one has grown over the rest";
  waiting.clear();
  EXPECT_TRUE(waiting.empty());
}

TEST(PointerColours, AreNotMultipliedByTheirOpacity) {
  EXPECT_EQ(straight(0x00123456), 0);
  EXPECT_EQ(static_cast<std::uint32_t>(straight(0xFF123456)), 0xFF123456U);
  EXPECT_EQ(static_cast<std::uint32_t>(straight(0x80804000)), 0x80FF8000U);
  EXPECT_EQ(static_cast<std::uint32_t>(straight(0x01FFFFFF)), 0x01FFFFFFU) << "more than can be is as much as can be";
}

}  // namespace
}  // namespace tobari::guest::picture
