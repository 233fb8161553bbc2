// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/mark_row.h"

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "diff/row_compare.h"
#include "pictures.h"
#include "watermark/screen_mark.h"

namespace tobari::display {
namespace {

constexpr int kWidth = 517;
constexpr std::uint64_t kNumber = 0x0123456789ab4cdeu;
constexpr const char* kText = "ALICE 192.0.2.7";

std::vector<std::uint32_t> random_row(std::uint32_t seed) {
  testing::Random random(seed);
  std::vector<std::uint32_t> row(kWidth);
  for (std::uint32_t& pixel : row) pixel = random();
  return row;
}

std::byte* bytes(std::vector<std::uint32_t>& row) { return reinterpret_cast<std::byte*>(row.data()); }

std::vector<std::shared_ptr<const ScreenMark>> all_marks() {
  return {ScreenMark::make(kText, std::nullopt), ScreenMark::make("", kNumber), ScreenMark::make(kText, kNumber)};
}

// Both loops, on every instruction set, with every kind of mark, from and to any pixel.
TEST(MarkRow, EveryInstructionSetDoesWhatThePlainWordsSay) {
  const auto marks = all_marks();
  for (std::int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    for (int y = 0; y < 500; ++y) {
      std::vector<std::uint32_t> live = random_row(static_cast<std::uint32_t>(y));
      const RowMark mark = marks[static_cast<std::size_t>(y) % marks.size()]->row(y);
      const int from = y % 71;
      const int to = kWidth - y % 67;
      std::vector<std::uint32_t> shown = random_row(9999);
      const std::vector<std::uint32_t> before = shown;
      mark_row(bytes(live), bytes(shown), from, to, mark);
      std::vector<std::uint32_t> kept = live;
      std::array<TileMarks, kWidth / kTileSide + 1> tiles{};
      compare_and_copy_row(bytes(live), bytes(kept), from, to, y, tiles.data(), mark);
      for (int x = 0; x < kWidth; ++x) {
        const auto i = static_cast<std::size_t>(x);
        const bool inside = x >= from && x < to;
        ASSERT_EQ(shown[i], inside ? marked_pixel(live[i], x, mark) : before[i]) << x << "," << y;
        ASSERT_EQ(kept[i] & 0xFFFFFFu, (inside ? marked_pixel(live[i], x, mark) : live[i]) & 0xFFFFFFu)
            << x << "," << y;
      }
    }
  }
  hwy::SetSupportedTargetsForTest(0);
}

// The step is the same on every level, and no level leaves the range.
TEST(MarkRow, RaisedLevelsAreThreeAboveTheOthers) {
  constexpr std::array<std::uint32_t, 2> kRaise{0, 0x00030303u};
  const RowMark mark{.raise = kRaise.data(), .raise_period = 2};
  std::uint32_t previous = 0;
  for (std::uint32_t level = 0; level < 256; ++level) {
    const std::uint32_t low = marked_pixel(level * 0x010101u, 0, mark);
    const std::uint32_t high = marked_pixel(level * 0x010101u, 1, mark);
    EXPECT_EQ(high - low, 0x030303u);
    EXPECT_GE(low, previous);
    EXPECT_LE(level - (low & 0xFFu), 3u);
    previous = low;
  }
}

// Seen on black, on white and in the middle.
TEST(MarkRow, InkIsSeenOnEveryGround) {
  constexpr std::uint32_t kInk = 0x00FFFFFFu;
  const RowMark mark{.ink = &kInk, .ink_period = 1};
  for (int level = 0; level < 256; ++level) {
    const auto pixel = static_cast<std::uint32_t>(level);
    const int shown = static_cast<int>(marked_pixel(pixel * 0x010101u, 0, mark) & 0xFFu);
    EXPECT_GE(std::abs(shown - level), 15) << level;
    EXPECT_LE(std::abs(shown - level), 31) << level;
  }
}

}  // namespace
}  // namespace tobari::display
