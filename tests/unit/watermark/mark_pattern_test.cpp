// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/watermark/mark_pattern.h>

#include <cstdlib>

#include <gtest/gtest.h>

namespace tobari::watermark {
namespace {

int raised_cells(const MarkPattern& pattern) {
  int count = 0;
  for (int y = 0; y < kPatternCells; ++y) {
    for (int x = 0; x < kPatternCells; ++x) count += pattern.raised(x, y) ? 1 : 0;
  }
  return count;
}

int different_cells(const MarkPattern& a, const MarkPattern& b) {
  int count = 0;
  for (int y = 0; y < kPatternCells; ++y) {
    for (int x = 0; x < kPatternCells; ++x) count += a.raised(x, y) != b.raised(x, y) ? 1 : 0;
  }
  return count;
}

TEST(MarkPattern, IsTheSameForTheSameNumberAndAnotherForAnother) {
  const MarkPattern pattern(0x0123456789ab4cdeu);
  EXPECT_EQ(different_cells(pattern, MarkPattern(0x0123456789ab4cdeu)), 0);
  // A single bit: the code spreads it, and the check changes.
  EXPECT_GT(different_cells(pattern, MarkPattern(0x0123456789ab4cdfu)), kPatternCells * kPatternCells / 8);
}

// Neither brighter nor darker than the desktop on the whole.
TEST(MarkPattern, RaisesHalfOfTheCells) {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{77}, ~std::uint64_t{0}}) {
    EXPECT_NEAR(raised_cells(MarkPattern(number)), kPatternCells * kPatternCells / 2, kPatternCells * 5);
  }
}

// Long runs are what makes it cheap without loss.
TEST(MarkPattern, ChangesRarelyAlongARow) {
  const MarkPattern pattern(42);
  int changes = 0;
  for (int y = 0; y < kPatternCells; ++y) {
    for (int x = 1; x < kPatternCells; ++x) changes += pattern.raised(x, y) != pattern.raised(x - 1, y) ? 1 : 0;
  }
  EXPECT_LT(changes, kPatternCells * kPatternCells * 2 / 5);
}

}  // namespace
}  // namespace tobari::watermark
