// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/gfx_layout.h"

#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "rdp/gfx_pdu.h"
#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::Bytes;

std::uint32_t u32_at(const Bytes& data, std::size_t position) {
  return WireReader(std::span(data).subspan(position)).u32();
}

TEST(Gfx, ResetGraphicsHasTheMonitorsWhereTheClientHasThemWithInclusiveEdges) {
  std::vector<Monitor> two(2);
  two[0].place = {0, 0, 1920, 1080};
  two[0].primary = true;
  two[1].place = {-1280, -100, 1280, 1024};
  Bytes out;
  gfx::reset_graphics(MonitorLayout::create(two).value(), out);
  ASSERT_EQ(out.size(), 340U);
  EXPECT_EQ(u32_at(out, 8), 3200U);
  EXPECT_EQ(u32_at(out, 12), 1180U);
  EXPECT_EQ(u32_at(out, 16), 2U);
  const auto monitor = [&out](std::size_t i) {
    std::vector<int> all;
    for (std::size_t k = 0; k < 5; ++k) all.push_back(static_cast<int>(u32_at(out, 20 + i * 20 + k * 4)));
    return all;
  };
  EXPECT_EQ(monitor(0), (std::vector{-1280, -100, -1, 923, 0}));
  EXPECT_EQ(monitor(1), (std::vector{0, 0, 1919, 1079, 1}));
}

TEST(Gfx, SixteenMonitorsFitIntoResetGraphics) {
  std::vector<Monitor> wall(16);
  for (int i = 0; i < 16; ++i) wall[static_cast<std::size_t>(i)].place = {i * 1920, 0, 1920, 1080};
  Bytes out;
  gfx::reset_graphics(MonitorLayout::create(wall).value(), out);
  EXPECT_EQ(out.size(), 340U);
  EXPECT_EQ(u32_at(out, 16), 16U);
}

// The commands in the order of their 16-bit names.
std::vector<int> commands(const Bytes& data) {
  std::vector<int> all;
  WireReader in(data);
  while (in.remaining() > 0) {
    all.push_back(in.u16());
    in.skip(2);
    in.skip(in.u32() - 8);
  }
  return all;
}

TEST(Gfx, ANewLayoutReplacesTheFormerAndBlackensWhatIsLeftOver) {
  constexpr int kCreate = 0x09, kDelete = 0x0A, kStart = 0x0B, kEnd = 0x0C, kReset = 0x0E, kMap = 0x0F, kFill = 0x04;
  Bytes out;
  gfx::lay_out({MonitorLayout::single({800, 600}), {{0, 0, 400, 600}, {400, 0, 400, 600}}}, 1, out);
  EXPECT_EQ(commands(out), (std::vector{kDelete, kReset, kCreate, kMap, kCreate, kMap}));
  out.clear();
  gfx::lay_out({MonitorLayout::single({800, 600}), {{0, 0, 400, 600}}}, 0, out);
  EXPECT_EQ(commands(out), (std::vector{kReset, kCreate, kMap, kStart, kFill, kEnd, kDelete, kCreate, kMap}));
}

}  // namespace
}  // namespace tobari::display
