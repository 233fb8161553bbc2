// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/picture_port.h"

#include <cstring>
#include <vector>

#include <gmock/gmock.h>

namespace tobari::display::picture {
namespace {

using ::testing::ElementsAre;

std::vector<std::byte> said(const std::vector<std::uint32_t>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * 4);
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::vector<std::int32_t> read_back(const Packet& packet) {
  std::vector<std::int32_t> numbers(packet.size() / 4);
  std::memcpy(numbers.data(), packet.data(), packet.size());
  return numbers;
}

Errc refusal(const std::vector<std::uint32_t>& numbers) {
  const auto parsed = parse(said(numbers));
  EXPECT_FALSE(parsed.has_value());
  return parsed.has_value() ? Errc::kInternal : parsed.error().code;
}

constexpr std::uint32_t kMinusOne = 0xFFFFFFFF;

TEST(PicturePort, ASurfaceSaysWhereItsPixelsAre) {
  const auto parsed = parse(said({1, 1, 1280, 800, 15360, 3232, 3840, 2160}));
  ASSERT_TRUE(parsed.has_value()) << describe(parsed.error());
  const auto& surface = std::get<Surface>(*parsed);
  EXPECT_EQ(surface.scanout.size, (Size{1280, 800}));
  EXPECT_EQ(surface.scanout.stride, 15360U);
  EXPECT_EQ(surface.scanout.offset, 3232U);
  EXPECT_EQ(surface.largest, (Size{3840, 2160}));
}

TEST(PicturePort, ASurfaceThatContradictsItselfIsRefused) {
  EXPECT_EQ(refusal({1, 2, 1280, 800, 5120, 0, 1280, 800}), Errc::kPeerProtocol) << "another version";
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5116, 0, 1280, 800}), Errc::kPeerProtocol) << "rows that overlap";
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5120, 2, 1280, 800}), Errc::kPeerProtocol) << "between two pixels";
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5120, 0, 1279, 800}), Errc::kPeerProtocol) << "larger than it can be";
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5120, 0, kMinusOne, 800}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({1, 1, 0, 800, 5120, 0, 1280, 800}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({1, 1, 20000, 800, 80000, 0, 20000, 800}), Errc::kInvalidArgument);
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5120, 0, 1280}), Errc::kPeerProtocol) << "too short";
  EXPECT_EQ(refusal({1, 1, 1280, 800, 5120, 0, 1280, 800, 0}), Errc::kPeerProtocol) << "too long";
}

TEST(PicturePort, DamageIsAsManyRectanglesAsItSays) {
  const auto parsed = parse(said({2, 2, 1, 2, 3, 4, kMinusOne, 6, 7, 8}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_THAT(std::get<Damage>(*parsed).rects, ElementsAre(Rect{1, 2, 3, 4}, Rect{-1, 6, 7, 8}));
  EXPECT_EQ(refusal({2, 0}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({2, 2, 1, 2, 3, 4}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({2, 1, 1, 2, 3, 4, 5}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({2, 0x40000001, 1, 2, 3, 4}), Errc::kPeerProtocol) << "a count that multiplies to a small one";
  std::vector<std::uint32_t> many{2, kMaxDamageRects + 1};
  many.resize(2 + (kMaxDamageRects + 1) * 4, 1);
  EXPECT_EQ(refusal(many), Errc::kPeerProtocol);
  many[1] = kMaxDamageRects;
  many.resize(2 + kMaxDamageRects * 4);
  EXPECT_TRUE(parse(said(many)).has_value());
}

TEST(PicturePort, APointerHasAllOfItsPixels) {
  const auto parsed = parse(said({3, 2, 1, 1, 0, 0x80FFFFFF, 0x01020304}));
  ASSERT_TRUE(parsed.has_value());
  const auto& shape = std::get<CursorShape>(*parsed);
  EXPECT_EQ(shape.size, (Size{2, 1}));
  EXPECT_EQ(shape.hotspot, (Point{1, 0}));
  EXPECT_THAT(shape.argb, ElementsAre(0x80FFFFFFU, 0x01020304U));
  EXPECT_EQ(refusal({3, 2, 1, 2, 0, 1, 2}), Errc::kPeerProtocol) << "its hot spot lies beside it";
  EXPECT_EQ(refusal({3, 2, 1, 0, kMinusOne, 1, 2}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({3, 2, 1, 0, 0, 1}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({3, 0, 1, 0, 0}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({3, 129, 1, 0, 0}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({3, kMinusOne, kMinusOne, 0, 0, 7}), Errc::kPeerProtocol) << "sides whose product is one";
  std::vector<std::uint32_t> largest{3, 128, 128, 127, 127};
  largest.resize(5 + 128 * 128, 1);
  EXPECT_EQ(said(largest).size(), kMaxPacketBytes);
  EXPECT_TRUE(parse(said(largest)).has_value());
}

TEST(PicturePort, WhatIsUnknownIsRefused) {
  EXPECT_FALSE(parse({}).has_value());
  EXPECT_EQ(refusal({0}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({5}), Errc::kPeerProtocol);
  EXPECT_EQ(refusal({16, 38, 1}), Errc::kPeerProtocol) << "ours to say";
  EXPECT_EQ(refusal({4, 2}), Errc::kPeerProtocol);
  std::vector<std::byte> odd = said({4, 1});
  odd.pop_back();
  EXPECT_FALSE(parse(odd).has_value());
  EXPECT_TRUE(std::get<PointerShown>(*parse(said({4, 1}))).shown);
}

TEST(PicturePort, InputIsRowsOfNumbers) {
  EXPECT_THAT(read_back(*packet_of(KeyEvent{0x1E, false, true})), ElementsAre(16, 38, 1)) << "a, as X calls it";
  EXPECT_THAT(read_back(*packet_of(KeyEvent{0x1D, true, false})), ElementsAre(16, 105, 0)) << "right control";
  EXPECT_THAT(read_back(*packet_of(PointerMove{{-5, 1 << 20}})), ElementsAre(17, 0, kMaxSide));
  EXPECT_THAT(read_back(*packet_of(PointerButton{Button::kWheelRight, true})), ElementsAre(18, 8, 1));
  EXPECT_THAT(read_back(*packet_of(LockState{true, false, true})), ElementsAre(19, 5));
  EXPECT_THAT(read_back(size_packet({640, 480})), ElementsAre(20, 640, 480));
  EXPECT_FALSE(packet_of(KeyEvent{0x80, false, true}).has_value()) << "no keyboard has it";
}

}  // namespace
}  // namespace tobari::display::picture
