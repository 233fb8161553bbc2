// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/gfx_commands.h"

#include <gtest/gtest.h>

#include "playback/gfx_screen.h"
#include "rdp/gfx_layout.h"
#include "rdp/gfx_pdu.h"

namespace tobari::display::playback {
namespace {

EncodedFrame one_of_each() {
  EncodedFrame frame;
  const Rect rect{1, 2, 30, 40};
  frame.rects.push_back({.codec = Codec::kSolid, .rect = rect, .data = gfx::Bytes(4, std::byte{9}), .regions = {}});
  frame.rects.push_back({.codec = Codec::kPlanar, .rect = rect, .data = gfx::Bytes(7), .regions = {}});
  frame.rects.push_back({.codec = Codec::kProgressive, .rect = rect, .data = gfx::Bytes(5), .regions = {rect}});
  frame.rects.push_back({.codec = Codec::kAvc420, .rect = rect, .data = gfx::Bytes(6), .regions = {rect}, .qp = 20});
  frame.rects.push_back({.codec = Codec::kCopy, .rect = rect, .data = {}, .regions = {}, .from = {3, 4}});
  frame.rects.push_back({.codec = Codec::kStore, .rect = rect, .data = {}, .regions = {}, .replaces = true, .slot = 5});
  frame.rects.push_back({.codec = Codec::kRecall, .rect = rect, .data = {}, .regions = {}, .slot = 5});
  frame.rects.push_back({.codec = Codec::kVideoSurface, .rect = rect, .data = {}, .regions = {}});
  return frame;
}

TEST(GfxCommands, WhatTheServerWritesIsReadBack) {
  gfx::Bytes bytes;
  gfx::lay_out({MonitorLayout::single({100, 80}), {{0, 0, 100, 80}}}, 1, bytes);
  gfx::frame(0, 7, one_of_each(), bytes);
  GfxCommands commands(bytes);
  std::vector<GfxCommand> all;
  for (auto next = commands.next(); next && *next; next = commands.next()) all.push_back(**next);
  ASSERT_EQ(all.size(), 15U);
  EXPECT_EQ(std::get<ResetGraphics>(all[1]).size, (Size{100, 80}));
  EXPECT_EQ(std::get<CreateSurface>(all[2]).size, (Size{100, 80}));
  EXPECT_EQ(std::get<SolidFill>(all[5]).colour, 0x090909U);
  EXPECT_EQ(std::get<SolidFill>(all[5]).places, (std::vector<Rect>{{1, 2, 30, 40}}));
  EXPECT_EQ(std::get<Bitmap>(all[6]).data.size(), 7U);
  EXPECT_EQ(std::get<ProgressiveBitmap>(all[7]).data.size(), 5U);
  EXPECT_EQ(std::get<Bitmap>(all[8]).regions.size(), 1U);
  EXPECT_EQ(std::get<Bitmap>(all[8]).data.size(), 6U) << "without its metablock";
  EXPECT_EQ(std::get<CopySurface>(all[9]).what, (Rect{3, 4, 30, 40}));
  EXPECT_EQ(std::get<EvictTile>(all[10]).slot, 5);
  EXPECT_EQ(std::get<StoreTile>(all[11]).what, (Rect{1, 2, 30, 40}));
  EXPECT_EQ(std::get<RecallTile>(all[12]).places, (std::vector<Point>{{1, 2}}));
  EXPECT_EQ(std::get<CreateSurface>(all[13]).id, gfx::video_surface(0));
}

TEST(GfxCommands, EveryCutIsNoticed) {
  gfx::Bytes bytes;
  gfx::frame(0, 7, one_of_each(), bytes);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    GfxCommands commands{std::span(bytes).first(size)};
    Result<std::optional<GfxCommand>> next;
    do next = commands.next();
    while (next && *next);
    // A cut between two messages is none.
    if (next) continue;
    EXPECT_EQ(next.error().code, Errc::kPeerProtocol);
  }
}

TEST(GfxScreen, NothingIsDrawnOffItsSurface) {
  gfx::Bytes layout;
  gfx::lay_out({MonitorLayout::single({100, 80}), {{0, 0, 100, 80}}}, 0, layout);
  const auto refused = [&layout](const EncodedRect& rect, std::uint16_t surface = 0) {
    GfxScreen screen;
    EXPECT_TRUE(screen.show(layout));
    gfx::Bytes bytes;
    EncodedFrame frame;
    frame.rects.push_back(rect);
    gfx::frame(surface, 1, frame, bytes);
    const auto shown = screen.show(bytes);
    return !shown && shown.error().code == Errc::kPeerProtocol;
  };
  const gfx::Bytes colour(4);
  EXPECT_FALSE(refused({.codec = Codec::kSolid, .rect = {0, 0, 100, 80}, .data = colour, .regions = {}}));
  EXPECT_TRUE(refused({.codec = Codec::kSolid, .rect = {0, 0, 101, 80}, .data = colour, .regions = {}}));
  EXPECT_TRUE(refused({.codec = Codec::kSolid, .rect = {0, 0, 10, 10}, .data = colour, .regions = {}}, 3));
  EXPECT_TRUE(refused({.codec = Codec::kCopy, .rect = {90, 0, 20, 20}, .data = {}, .regions = {}}));
  EXPECT_TRUE(refused({.codec = Codec::kCopy, .rect = {0, 0, 20, 20}, .data = {}, .regions = {}, .from = {90, 0}}));
  EXPECT_TRUE(refused({.codec = Codec::kRecall, .rect = {0, 0, 20, 20}, .data = {}, .regions = {}, .slot = 1}));
  EXPECT_TRUE(refused({.codec = Codec::kStore, .rect = {0, 0, 65, 20}, .data = {}, .regions = {}, .slot = 1}));
  EXPECT_TRUE(refused({.codec = Codec::kUncompressed, .rect = {0, 0, 2, 2}, .data = colour, .regions = {}}));
  EXPECT_TRUE(refused({.codec = Codec::kPlanar, .rect = {0, 0, 2, 2}, .data = colour, .regions = {}}));
}

TEST(GfxScreen, SurfacesAreBounded) {
  GfxScreen screen;
  gfx::Bytes bytes;
  for (std::uint16_t id = 0; id <= GfxScreen::kMaxSurfaces; ++id) gfx::create_surface(id, {8, 8}, bytes);
  EXPECT_FALSE(screen.show(bytes));
  GfxScreen other;
  gfx::Bytes huge;
  for (std::uint16_t id = 0; id < 4; ++id) gfx::create_surface(id, {16384, 16384}, huge);
  EXPECT_FALSE(other.show(huge));
}

}  // namespace
}  // namespace tobari::display::playback
