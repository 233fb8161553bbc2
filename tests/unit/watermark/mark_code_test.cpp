// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/mark_code.h"

#include <random>

#include <gtest/gtest.h>

#include <tobari/watermark/mark_number.h>

#include "watermark/mark_lines.h"

namespace tobari::watermark {
namespace {

using Soft = std::array<float, kCodeBits>;

Soft received(std::uint64_t number, float noise, std::mt19937_64& random) {
  std::normal_distribution<float> deviation(0, noise);
  Soft soft{};
  const auto code = encode_number(number);
  for (std::size_t i = 0; i < kCodeBits; ++i) soft[i] = static_cast<float>(code[i]) + deviation(random);
  return soft;
}

TEST(MarkCode, BringsEveryNumberBack) {
  std::mt19937_64 random(1);
  for (const std::uint64_t number : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63}) {
    EXPECT_EQ(decode_number(received(number, 0, random)), number);
  }
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t number = random();
    EXPECT_EQ(decode_number(received(number, 0, random)), number);
  }
}

// Noise stronger than the signal: nearly a fifth of the signs are wrong.
TEST(MarkCode, OutlivesNoise) {
  std::mt19937_64 random(2);
  int right = 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t number = random();
    right += decode_number(received(number, 1.1F, random)) == number ? 1 : 0;
  }
  EXPECT_GE(right, 190);
}

TEST(MarkCode, FindsNothingInNoise) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> deviation(0, 1);
  for (int i = 0; i < 2000; ++i) {
    Soft soft{};
    for (float& value : soft) value = deviation(random);
    EXPECT_FALSE(decode_number(soft));
  }
}

TEST(MarkLines, HaveRoomForTheCode) {
  std::array<int, kCodeBits> carried{};
  for (const DataLine& data : mark_lines().data) ++carried.at(data.bit);
  for (const int lines : carried) EXPECT_GE(lines, 1);
  for (const DataLine& data : mark_lines().data) {
    for (const Line& sync : mark_lines().sync) EXPECT_FALSE(data.line.a == sync.a && data.line.b == sync.b);
  }
}

TEST(MarkNumber, IsHowTheSessionsIdBegins) {
  EXPECT_EQ(mark_number_of("01234567-89ab-4cde-8f01-23456789abcd"), 0x0123456789ab4cdeu);
  EXPECT_EQ(session_prefix(0x0123456789ab4cdeu), "01234567-89ab-4cde");
  EXPECT_EQ(session_prefix(0x4u), "00000000-0000-0004");
  for (const char* wrong : {"", "0123456789ab4cde8f0123456789abcd", "01234567-89ab-4cde-8f01-23456789abc", "x"}) {
    EXPECT_FALSE(mark_number_of(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace tobari::watermark
