// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/tile_diff.h"

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "diff/row_compare.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Picture;
using testing::Random;

std::uint32_t kept_at(const TileDiff& diff, int x, int y) {
  std::uint32_t pixel = 0;
  std::memcpy(&pixel, diff.picture().at(x, y), sizeof pixel);
  return pixel & 0x00FFFFFFu;
}

// The kept picture equals the live one inside `damage`, and `changed` holds every difference to `before`.
void expect_taken(const TileDiff& diff, const Picture& live, const Picture& before, const Region& damage,
                  const Region& changed) {
  for (int y = 0; y < live.size.height; ++y) {
    for (int x = 0; x < live.size.width; ++x) {
      const bool looked_at = damage.contains({x, y});
      ASSERT_EQ(kept_at(diff, x, y), looked_at ? live.at(x, y) : before.at(x, y)) << x << ", " << y;
      const bool differs = looked_at && live.at(x, y) != before.at(x, y);
      ASSERT_TRUE(!differs || changed.contains({x, y})) << x << ", " << y;
    }
  }
}

TEST(TileDiff, FirstLookReportsAllThatItIsShown) {
  const Picture live(Size{200, 100}, 0);  // black, as the kept picture is
  TileDiff diff;
  diff.reset(live.size);
  EXPECT_EQ(diff.update(live.view(), Region({10, 10, 50, 50})).area(), 50 * 50);
  EXPECT_EQ(diff.update(live.view(), Region({10, 10, 50, 50})).area(), 0);
  EXPECT_EQ(diff.update(live.view(), Region(bounds(live.size))).area(), 200 * 100 - 50 * 50);
  EXPECT_TRUE(diff.update(live.view(), Region(bounds(live.size))).empty());
}

TEST(TileDiff, RandomChangesAreFoundAndTaken) {
  Random random(6);
  for (int round = 0; round < 60; ++round) {
    Picture live =
        make_picture(testing::Content::kInterface, {random.between(1, 300), random.between(1, 200)}, random());
    TileDiff diff;
    diff.reset(live.size);
    (void)diff.update(live.view(), Region(bounds(live.size)));
    for (int step = 0; step < 4; ++step) {
      const Picture before = live;
      Region damage;
      for (int i = random.between(0, 5); i > 0; --i) {
        const Rect rect{random.between(-10, live.size.width), random.between(-10, live.size.height),
                        random.between(1, 90), random.between(1, 90)};
        damage.add(rect);
        if (random() % 3 != 0)
          live.set(rect.x + random.between(0, rect.width - 1), rect.y + random.between(0, rect.height - 1), random());
        if (random() % 3 == 0) live.fill(rect, random());
      }
      const Region changed = diff.update(live.view(), damage);
      expect_taken(diff, live, before, damage, changed);
      (void)diff.update(live.view(), Region(bounds(live.size)));  // no damage may have been missing for the next step
    }
  }
}

TEST(TileDiff, OneTypedLetterIsOneTightRectangle) {
  Picture live = make_picture(testing::Content::kTextLight, {1920, 1080});
  live.fill({100, 100, 20, 20}, 0xFFFFFFu);
  TileDiff diff;
  diff.reset(live.size);
  (void)diff.update(live.view(), Region(bounds(live.size)));
  live.fill({102, 103, 7, 11}, 0);
  const Region changed = diff.update(live.view(), Region(bounds(live.size)));
  ASSERT_EQ(changed.rects().size(), 1u);
  EXPECT_EQ(changed.rects()[0], (Rect{102, 103, 7, 11}));
}

TEST(TileDiff, LetterAcrossTilesIsStillOneRectangle) {
  Picture live(Size{256, 256}, 0xFFFFFFu);
  TileDiff diff;
  diff.reset(live.size);
  (void)diff.update(live.view(), Region(bounds(live.size)));
  live.fill({124, 120, 10, 18}, 0);
  const Region changed = diff.update(live.view(), Region(bounds(live.size)));
  ASSERT_EQ(changed.rects().size(), 1u);
  EXPECT_EQ(changed.rects()[0], (Rect{124, 120, 10, 18}));
}

TEST(TileDiff, FarChangesStayApart) {
  Picture live(Size{640, 480}, 0xFFFFFFu);
  TileDiff diff;
  diff.reset(live.size);
  (void)diff.update(live.view(), Region(bounds(live.size)));
  live.fill({5, 5, 4, 4}, 0);
  live.fill({600, 400, 4, 4}, 0);
  EXPECT_EQ(diff.update(live.view(), Region(bounds(live.size))).area(), 32);
}

TEST(TileDiff, UndefinedByteIsNoChange) {
  Picture live = make_picture(testing::Content::kChart, {130, 70});
  TileDiff diff;
  diff.reset(live.size);
  (void)diff.update(live.view(), Region(bounds(live.size)));
  for (std::uint32_t& pixel : live.pixels) pixel ^= 0x5A000000u;
  EXPECT_TRUE(diff.update(live.view(), Region(bounds(live.size))).empty());
}

TEST(RowCompare, SimdDoesWhatTheScalarTwinDoes) {
  Random random(9);
  constexpr int kWidth = 333;
  constexpr std::size_t kTiles = (kWidth + kTileSide - 1) / kTileSide;
  for (int round = 0; round < 3000; ++round) {
    std::array<std::uint32_t, kWidth> live{};
    for (std::uint32_t& pixel : live) pixel = random() % 5;
    auto kept = live;
    for (int i = random.between(0, 6); i > 0; --i) kept[random() % kWidth] ^= 1u << random() % 32;
    auto kept_twin = kept;
    std::array<TileMarks, kTiles> marks{};
    auto marks_twin = marks;
    const int from = random.between(0, kWidth);
    const int to = random.between(from, kWidth);
    const auto* source = reinterpret_cast<const std::byte*>(live.data());
    compare_and_copy_row(source, reinterpret_cast<std::byte*>(kept.data()), from, to, 7, marks.data());
    compare_and_copy_row_scalar(source, reinterpret_cast<std::byte*>(kept_twin.data()), from, to, 7, marks_twin.data());
    for (std::size_t i = 0; i < kWidth; ++i) ASSERT_EQ(kept[i] & 0xFFFFFFu, kept_twin[i] & 0xFFFFFFu) << i;
    for (std::size_t i = 0; i < kTiles; ++i) {
      ASSERT_EQ(marks[i].columns, marks_twin[i].columns);
      ASSERT_EQ(marks[i].first_row, marks_twin[i].first_row);
      ASSERT_EQ(marks[i].last_row, marks_twin[i].last_row);
    }
  }
}

}  // namespace
}  // namespace tobari::display
