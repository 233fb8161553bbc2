// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/test_pattern.h"

#include <array>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "contract/framebuffer_source/picture.h"

namespace tobari::display {
namespace {

constexpr std::array kAll{Pattern::kCard,   Pattern::kClock,  Pattern::kNoise, Pattern::kPages,
                          Pattern::kScroll, Pattern::kTyping, Pattern::kVideo, Pattern::kWindow};
constexpr std::array<Size, 5> kSizes{{{320, 200}, {101, 67}, {32, 9}, {5, 3}, {1, 1}}};

// Damage is an upper bound: what step() does not name must not have changed.
TEST(TestPattern, AStepChangesNothingOutsideItsDamage) {
  for (const Pattern kind : kAll) {
    for (const Size size : kSizes) {
      TestPattern pattern(kind, size);
      for (int step = 0; step < 3; ++step) {
        const Picture before = keep(pattern.canvas().view());
        const Rect damage = pattern.step();
        const Picture after = keep(pattern.canvas().view());
        EXPECT_EQ(intersect(damage, bounds(size)), damage);
        for (int y = 0; y < size.height; ++y) {
          for (int x = 0; x < size.width; ++x) {
            const bool inside = !intersect(damage, {x, y, 1, 1}).empty();
            ASSERT_TRUE(inside || before.at(x, y) == after.at(x, y)) << static_cast<int>(kind) << " " << x << "," << y;
          }
        }
      }
    }
  }
}

TEST(TestPattern, TheSameStepsGiveTheSamePixels) {
  for (const Pattern kind : kAll) {
    TestPattern one(kind, {320, 240});
    TestPattern two(kind, {320, 240});
    for (int i = 0; i < 5; ++i) {
      one.step();
      two.step();
    }
    EXPECT_EQ(difference(keep(one.canvas().view()), keep(two.canvas().view())), "");
  }
}

TEST(TestPattern, WhatMovesMoves) {
  for (const Pattern kind : kAll) {
    if (kind == Pattern::kCard) continue;
    TestPattern pattern(kind, {640, 480});
    const Picture before = keep(pattern.canvas().view());
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(pattern.step().empty());
    EXPECT_NE(difference(before, keep(pattern.canvas().view())), "") << static_cast<int>(kind);
    EXPECT_GT(step_interval(kind).count(), 0);
  }
  EXPECT_EQ(step_interval(Pattern::kCard).count(), 0);
}

TEST(TestPattern, EveryKeyAndButtonHasACellOfItsOwn) {
  const Size size{640, 480};
  std::set<std::pair<int, int>> corners;
  for (int code = 0; code < 128; ++code) {
    for (const bool extended : {false, true}) {
      const Rect cell = echo_cell(size, static_cast<std::uint8_t>(code), extended);
      ASSERT_FALSE(cell.empty());
      corners.emplace(cell.x, cell.y);
    }
  }
  for (int button = 0; button < 9; ++button) {
    const Rect cell = echo_cell(size, static_cast<Button>(button));
    corners.emplace(cell.x, cell.y);
  }
  EXPECT_EQ(corners.size(), 256U + 9U);
}

TEST(TestPattern, AnEchoInvertsItsCellAndASecondOneUndoesIt) {
  TestPattern pattern(Pattern::kCard, {640, 480});
  const Picture before = keep(pattern.canvas().view());
  const Rect cell = echo_cell({640, 480}, 0x1E, false);
  EXPECT_EQ(pattern.echo(cell), cell);
  const Picture after = keep(pattern.canvas().view());
  EXPECT_EQ(after.at(cell.x, cell.y), before.at(cell.x, cell.y) ^ 0xFFFFFFU);
  EXPECT_EQ(after.at(cell.x, cell.y - 1), before.at(cell.x, cell.y - 1));
  pattern.echo(cell);
  EXPECT_EQ(difference(before, keep(pattern.canvas().view())), "");
}

TEST(TestPattern, NamesAreChecked) {
  EXPECT_EQ(parse_pattern("card").value(), Pattern::kCard);
  EXPECT_EQ(parse_pattern("video").value(), Pattern::kVideo);
  const auto unknown = parse_pattern("plasma");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("card, clock"), std::string::npos);
}

}  // namespace
}  // namespace tobari::display
