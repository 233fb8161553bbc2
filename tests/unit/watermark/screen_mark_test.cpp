// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/screen_mark.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "desktops.h"
#include "diff/tile_diff.h"
#include "drawing/canvas.h"
#include "encode/frame_encoder.h"
#include "watermark/mark_text.h"

namespace tobari::display {
namespace {

using testing::Desktop;
using testing::Picture;

constexpr Size kScreen{1280, 720};
constexpr std::uint64_t kSessionNumber = 0x0123456789ab4cdeu;
const Region kAll(bounds(kScreen));

bool shows(const FrameView& picture, const Picture& live, const ScreenMark* mark) {
  for (int y = 0; y < live.size.height; ++y) {
    for (int x = 0; x < live.size.width; ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, picture.at(x, y), sizeof pixel);
      const std::uint32_t expected = mark == nullptr ? live.at(x, y) : marked_pixel(live.at(x, y), x, mark->row(y));
      if (((pixel ^ expected) & 0xFFFFFFu) != 0) return false;
    }
  }
  return true;
}

TEST(ScreenMark, IsNoneWhenNothingIsAskedFor) { EXPECT_EQ(ScreenMark::make("", std::nullopt), nullptr); }

// The longest run of rows, or of pixels of a row, without ink; `period` after which it repeats.
int longest_gap(int period, const auto& has_ink) {
  int longest = 0;
  int gap = 0;
  for (int i = 0; i < 2 * period; ++i) {
    gap = has_ink(i) ? 0 : gap + 1;
    longest = std::max(longest, gap);
  }
  return longest;
}

// Everywhere within reach, so that no window can be cut out without one: every 192 rows, on 1 % to 5 % of the pixels;
// and two lines, as they are staggered, leave no column free that is wider than a blank.
TEST(ScreenMark, TheTextIsOnAllPartsOfTheScreen) {
  const auto mark = ScreenMark::make("ALICE 2026-11-27 08:15Z 192.0.2.7 0F8C1A2B", std::nullopt);
  EXPECT_FALSE(mark->covers_everything());
  constexpr int kRows = 384;
  const int width = mark->row(0).ink_period;
  const auto ink_at = [&](int x, int y) {
    const RowMark row = mark->row(y);
    return row.ink != nullptr && *row.ink_at(x) != 0;
  };
  long ink = 0;
  for (int y = 0; y < kRows; ++y) {
    for (int x = 0; x < width; ++x) ink += ink_at(x, y) ? 1 : 0;
  }
  const long area = long{kRows} * width;
  EXPECT_GT(ink * 100, area);
  EXPECT_LT(ink * 100, area * 5);

  EXPECT_LT(longest_gap(kRows, [&](int y) { return mark->row(y).ink != nullptr; }), 192);
  const auto in_column = [&](int x) {
    for (int y = 0; y < kRows; ++y) {
      if (ink_at(x, y)) return true;
    }
    return false;
  };
  EXPECT_LE(longest_gap(width, in_column), 16);
}

// What is compared and kept is the marked picture: an unchanged desktop stays unchanged, a changed pixel is one.
TEST(ScreenMark, AnIdleDesktopStaysIdle) {
  for (const auto& mark : {ScreenMark::make("ALICE", std::nullopt), ScreenMark::make("", kSessionNumber),
                           ScreenMark::make("ALICE", kSessionNumber)}) {
    Picture desktop = testing::make_desktop(Desktop::kInterface, kScreen, 5);
    TileDiff diff;
    diff.reset(kScreen, mark);
    EXPECT_EQ(diff.update(desktop.view(), kAll).area(), kScreen.area());
    EXPECT_TRUE(shows(diff.picture(), desktop, mark.get()));
    EXPECT_TRUE(diff.update(desktop.view(), kAll).empty());
    desktop.set(700, 300, desktop.at(700, 300) ^ 0x808080u);
    EXPECT_EQ(diff.update(desktop.view(), kAll).bounding_box(), (Rect{700, 300, 1, 1}));
    EXPECT_TRUE(shows(diff.picture(), desktop, mark.get()));
  }
}

// With a text over it a page still scrolls by being moved, and what the move got wrong of the text is put right.
TEST(ScreenMark, WhatMovesUnderATextIsStillMoved) {
  const Picture document = testing::make_desktop(Desktop::kTextLight, {1280, 1000}, 4);
  const auto mark = ScreenMark::make("ALICE 2026-11-27", std::nullopt);
  Picture page(kScreen);
  page.paste(document, {0, 0});
  TileDiff diff;
  diff.reset(kScreen, mark);
  static_cast<void>(diff.update(page.view(), kAll));
  page.paste(document, {0, -40});
  const auto moves = diff.follow_moves(page.view(), bounds(kScreen));
  ASSERT_FALSE(moves.empty());
  EXPECT_EQ(moves.front().by, (Point{0, -40}));
  const Region changed = diff.update(page.view(), kAll);
  EXPECT_TRUE(shows(diff.picture(), page, mark.get()));
  EXPECT_LT(changed.area() * 2, kScreen.area());
}

// Guests that report the whole screen for every key: the text must not look like something that moved.
TEST(ScreenMark, ATextIsNoMove) {
  Picture desktop = testing::make_desktop(Desktop::kWhitePage, kScreen, 5);
  const auto mark = ScreenMark::make("ALICE 2026-11-27", std::nullopt);
  TileDiff diff;
  diff.reset(kScreen, mark);
  static_cast<void>(diff.update(desktop.view(), kAll));
  desktop.fill({300, 300, 8, 16}, 0x202020u);
  EXPECT_TRUE(diff.follow_moves(desktop.view(), bounds(kScreen)).empty());
  EXPECT_EQ(diff.update(desktop.view(), kAll).bounding_box(), (Rect{300, 300, 8, 16}));
}

// Every place has a mark of its own there: a copy would carry the wrong one along.
TEST(ScreenMark, NothingIsMovedUnderAnInvisibleMark) {
  const Picture document = testing::make_desktop(Desktop::kTextLight, {1280, 1000}, 4);
  const auto mark = ScreenMark::make("", kSessionNumber);
  EXPECT_TRUE(mark->covers_everything());
  Picture page(kScreen);
  page.paste(document, {0, 0});
  TileDiff diff;
  diff.reset(kScreen, mark);
  static_cast<void>(diff.update(page.view(), kAll));
  page.paste(document, {0, -40});
  EXPECT_TRUE(diff.follow_moves(page.view(), bounds(kScreen)).empty());
  static_cast<void>(diff.update(page.view(), kAll));
  EXPECT_TRUE(shows(diff.picture(), page, mark.get()));
}

TEST(MarkText, SaysWhoSinceWhenFromWhere) {
  const auto begin = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + std::chrono::hours(8) +
                     std::chrono::minutes(15) + std::chrono::seconds(59);
  EXPECT_EQ(mark_text("alice@example", begin, "192.0.2.7", "0f8c1a2b-0000-4000-8000-000000000000"),
            "alice@example 2026-11-27 08:15Z 192.0.2.7 0f8c1a2b");
  EXPECT_EQ(mark_text("J\xC3\xB6rg", begin, "::1", ""), "J??rg 2026-11-27 08:15Z ::1 ");
  const std::string cut = mark_text(std::string(500, 'a'), begin, std::string(500, 'b'), std::string(500, 'c'));
  EXPECT_EQ(cut.size(), kMaxMarkText);
  EXPECT_TRUE(cut.starts_with("aaaaaaaaaaaaaaaaaaaa")) << cut;
  EXPECT_TRUE(cut.ends_with("a 2026-11-27 08:15Z " + std::string(45, 'b') + " cccccccc")) << cut;
}

}  // namespace
}  // namespace tobari::display
