// SPDX-License-Identifier: GPL-3.0-or-later
// The protocol parts without FreeRDP: first packets, dynamic channels, graphics messages, layouts.
#include "rdp/wire.h"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "rdp/disp_pdu.h"
#include "rdp/dvc.h"
#include "rdp/gfx_layout.h"
#include "rdp/gfx_pdu.h"
#include "rdp/graphics_channel.h"
#include "rdp/mcs_filter.h"

namespace tobari::display {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}
void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

Bytes channel(std::string name) {
  name.resize(8);
  Bytes out;
  for (const char c : name) out.push_back(static_cast<std::byte>(c));
  append(out, bytes({0, 0, 0, 0x80}));
  return out;
}

// As FreeRDP, mstsc and rdesktop lay it out.
Bytes connect_initial(const std::vector<std::string>& channels, unsigned count_said) {
  Bytes net = bytes({static_cast<int>(count_said), 0, 0, 0});
  for (const std::string& name : channels) append(net, channel(name));
  const int net_length = static_cast<int>(net.size()) + 4;
  Bytes blocks = bytes({0x04, 0xC0, 8, 0, 1, 2, 3, 4, 0x03, 0xC0, net_length & 0xFF, net_length >> 8});
  append(blocks, net);
  const int length = static_cast<int>(blocks.size());
  Bytes gcc = bytes({0,
                     5,
                     0,
                     0x14,
                     0x7C,
                     0,
                     1,
                     0x81,
                     0x2A,
                     0,
                     8,
                     0,
                     0x10,
                     0,
                     1,
                     0xC0,
                     0,
                     'D',
                     'u',
                     'c',
                     'a',
                     0x80 | length >> 8,
                     length & 0xFF});
  append(gcc, blocks);
  Bytes body = bytes({4, 1, 1, 4, 1, 1, 1, 1, 0xFF});
  for (int i = 0; i < 3; ++i) append(body, bytes({0x30, 3, 2, 1, 0x22}));
  const int user = static_cast<int>(gcc.size());
  append(body, bytes({4, 0x82, user >> 8, user & 0xFF}));
  append(body, gcc);
  const int ci = static_cast<int>(body.size());
  Bytes packet = bytes({3, 0, 0, 0, 2, 0xF0, 0x80, 0x7F, 0x65, 0x82, ci >> 8, ci & 0xFF});
  append(packet, body);
  packet[2] = static_cast<std::byte>(packet.size() >> 8);
  packet[3] = static_cast<std::byte>(packet.size() & 0xFF);
  return packet;
}

bool holds(const Bytes& packet, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(packet.data()), packet.size()).find(text) !=
         std::string_view::npos;
}

TEST(McsFilter, OnlyDrdynvcKeepsItsName) {
  Bytes packet = connect_initial({"rdpdr", "cliprdr", "drdynvc", "rdpsnd"}, 4);
  const std::size_t size = packet.size();
  const auto names = deny_static_channels(packet);
  ASSERT_TRUE(names) << describe(names.error());
  EXPECT_EQ(*names, (std::vector<std::string>{"rdpdr", "cliprdr", "drdynvc", "rdpsnd"}));
  EXPECT_EQ(packet.size(), size);
  EXPECT_TRUE(holds(packet, "drdynvc"));
  for (const char* gone : {"rdpdr", "cliprdr", "rdpsnd"}) EXPECT_FALSE(holds(packet, gone)) << gone;
  const auto again = deny_static_channels(packet);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)[0], "denied0");
}

TEST(McsFilter, OneDrdynvcIsEnough) {
  Bytes packet = connect_initial({"DRDYNVC", "drdynvc", "cliprdr\x01"}, 3);
  const auto names = deny_static_channels(packet);
  ASSERT_TRUE(names);
  EXPECT_EQ((*names)[2], "cliprdr?");
  EXPECT_TRUE(holds(packet, "DRDYNVC"));
  EXPECT_FALSE(holds(packet, "drdynvc"));
}

TEST(McsFilter, RefusesMoreChannelsThanThereAreBytes) {
  Bytes packet = connect_initial({"rdpdr"}, 2);
  EXPECT_FALSE(deny_static_channels(packet));
  packet = connect_initial({"rdpdr"}, 200);
  EXPECT_FALSE(deny_static_channels(packet));
}

TEST(McsFilter, NoPrefixAndNoGarbageCrashesIt) {
  const Bytes good = connect_initial({"rdpdr", "cliprdr", "drdynvc"}, 3);
  for (std::size_t n = 0; n < good.size(); ++n) {
    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n));
    const auto names = deny_static_channels(cut);  // a cut between two blocks is well-formed
    EXPECT_TRUE(!names || names->empty()) << n;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    Bytes mutated = good;
    for (int k = 0; k < 3; ++k) mutated[random() % mutated.size()] = static_cast<std::byte>(random());
    static_cast<void>(deny_static_channels(mutated));
  }
}

TEST(McsFilter, RepairsRdesktopsErectDomain) {
  Bytes packet = bytes({3, 0, 0, 0xC, 2, 0xF0, 0x80, 4, 0, 1, 0, 1});
  repair_erect_domain(packet);
  EXPECT_EQ(packet, bytes({3, 0, 0, 0xC, 2, 0xF0, 0x80, 4, 1, 0, 1, 0}));
  const Bytes right = packet;
  repair_erect_domain(packet);
  EXPECT_EQ(packet, right);
}

class Dvc : public ::testing::Test, protected DvcOutput, protected DvcEvents {
 protected:
  void send_dvc(std::span<const std::byte> pdu) override { sent.emplace_back(pdu.begin(), pdu.end()); }
  void on_dvc_ready() override { ready = true; }
  void on_dvc_open(std::uint32_t id, bool is_open) override { open[id] = is_open; }
  Result<void> on_dvc_data(std::uint32_t, std::span<const std::byte> message) override {
    received.emplace_back(message.begin(), message.end());
    return {};
  }
  Result<void> receive(const Bytes& pdu) { return dvc.receive(pdu, true, true); }
  void open_channel() {
    dvc.start();
    ASSERT_TRUE(receive(bytes({0x50, 0, 1, 0})));
    dvc.create(1, "a::b");
    ASSERT_TRUE(receive(bytes({0x10, 1, 0, 0, 0, 0})));
    sent.clear();
  }

  std::vector<Bytes> sent;
  std::vector<Bytes> received;
  std::map<std::uint32_t, bool> open;
  bool ready = false;
  DvcServer dvc{*this, *this};
};

TEST_F(Dvc, OpensAChannel) {
  open_channel();
  EXPECT_TRUE(ready);
  EXPECT_TRUE(open[1]);
}

TEST_F(Dvc, SplitsWhatItSendsAndJoinsWhatItGets) {
  open_channel();
  dvc.send(1, Bytes(4000, std::byte{9}));
  ASSERT_EQ(sent.size(), 3U);
  std::size_t payload = 0;
  for (const Bytes& pdu : sent) {
    EXPECT_LE(pdu.size(), 1600U);
    payload += pdu.size() - (&pdu == &sent.front() ? 6 : 2);
  }
  EXPECT_EQ(payload, 4000U);
  EXPECT_TRUE(receive(bytes({0x20, 1, 5, 'a', 'b'})));
  EXPECT_TRUE(received.empty());
  EXPECT_TRUE(receive(bytes({0x30, 1, 'c', 'd', 'e'})));
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].size(), 5U);
}

TEST_F(Dvc, WhatWasNotOpenedIsAViolation) {
  open_channel();
  const auto result = receive(bytes({0x30, 2, 1}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kPermissionDenied);
}

TEST_F(Dvc, RefusesWhatBreaksTheRules) {
  EXPECT_FALSE(receive(bytes({0x50, 0, 1, 0}))) << "before start()";
  open_channel();
  EXPECT_FALSE(receive(bytes({0x50, 0, 1, 0}))) << "capabilities twice";
  EXPECT_FALSE(receive(bytes({0x10, 1, 0, 0, 0, 0}))) << "opened twice";
  EXPECT_FALSE(receive(bytes({0x28, 1, 0, 0, 0, 0x7F, 1}))) << "a message of 2 GiB";
  EXPECT_TRUE(receive(bytes({0x20, 1, 2, 'a'})));
  EXPECT_FALSE(receive(bytes({0x30, 1, 'b', 'c'}))) << "more than announced";
  EXPECT_FALSE(dvc.receive(Bytes(DvcServer::kMaxPdu + 1), true, false)) << "an endless PDU";
  EXPECT_FALSE(receive({}));
  EXPECT_FALSE(receive(bytes({0x93, 1})));
}

TEST_F(Dvc, GarbageNeverCrashesIt) {
  open_channel();
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    Bytes garbage(random() % 12);
    for (auto& b : garbage) b = static_cast<std::byte>(random());
    static_cast<void>(dvc.receive(garbage, random() % 2 == 0, random() % 4 != 0));
  }
}

Bytes advertise(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sets) {
  Bytes out;
  WireWriter w(out);
  w.u16(0x12U);
  w.u16(0U);
  w.u32(8 + 2 + sets.size() * 12);
  w.u16(sets.size());
  for (const auto& [version, flags] : sets) {
    w.u32(version);
    w.u32(4U);
    w.u32(flags);
  }
  return out;
}

TEST(Gfx, ChoosesTheNewestVersionAndAvcByItsFlags) {
  const auto choose = [](const Bytes& message) {
    return gfx::choose(std::get<gfx::CapsAdvertise>(gfx::parse(message).value().at(0)));
  };
  const auto with_avc = choose(advertise({{0x80004, 1}, {0xA0701, 0x02}, {0xA0002, 0x22}}));
  ASSERT_TRUE(with_avc);
  EXPECT_EQ(with_avc->set.version, 0xA0701U);
  EXPECT_TRUE(with_avc->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0xA0701, 0x22}}))->codecs.avc420);
  EXPECT_TRUE(choose(advertise({{0x80105, 0x10}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0x80105, 0x01}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0x80004, 0x10}}))->codecs.avc420);
  EXPECT_FALSE(choose(advertise({{0xDEAD, 0}})).has_value());
}

TEST(Gfx, OffScreenVideoIsDecodedOnItsOwnSurfaceAndCopied) {
  EncodedFrame frame;
  EncodedRect& surface = frame.rects.emplace_back();
  surface.codec = Codec::kVideoSurface;
  surface.rect = {64, 32, 128, 80};
  EncodedRect& video = frame.rects.emplace_back();
  video.codec = Codec::kAvc420;
  video.rect = {64, 32, 128, 80};
  video.off_screen = true;
  video.regions = {{70, 40, 10, 6}};
  video.data = bytes({1, 2, 3});
  Bytes out;
  gfx::frame(1, 7, frame, out);
  const Bytes expected =
      bytes({0x0B, 0, 0, 0, 16,  0, 0,  0, 0,  0,    0,    0, 7,    0, 0,    0,     // start of frame
             0x09, 0, 0, 0, 15,  0, 0,  0, 1,  0x80, 128,  0, 80,   0, 0x20,        // a surface of that size
             0x01, 0, 0, 0, 42,  0, 0,  0, 1,  0x80, 0x0B, 0, 0x20,                 // on it
             0,    0, 0, 0, 128, 0, 80, 0, 17, 0,    0,    0,                       // all of it
             1,    0, 0, 0, 6,   0, 8,  0, 16, 0,    14,   0, 0,    0, 1,    2, 3,  // of which a part
             0x05, 0, 0, 0, 26,  0, 0,  0, 1,  0x80, 1,    0,                       // is copied to surface 1
             6,    0, 8, 0, 16,  0, 14, 0, 1,  0,    70,   0, 40,   0,              //
             0x0C, 0, 0, 0, 12,  0, 0,  0, 7,  0,    0,    0});
  EXPECT_EQ(out, expected);
}

class GraphicsChannelTest : public ::testing::Test, protected DvcOutput, protected GraphicsEvents {
 protected:
  void send_dvc(std::span<const std::byte> pdu) override { sent.emplace_back(pdu.begin(), pdu.end()); }
  void on_graphics_ready(const ClientCodecs& /*codecs*/) override { ++ready; }
  void on_graphics_refused() override { ++refused; }
  void on_graphics_closed() override { ++closed; }
  void on_graphics_ack(FrameId /*id*/) override {}
  void on_graphics_acks_suspended() override {}
  void on_layout(const MonitorLayout& /*layout*/) override {}
  void on_absurd_layout(const std::string& /*why*/) override {}

  Result<void> receive(const Bytes& pdu) { return channel.receive(pdu, true, true); }
  // The client takes the channel that was created last, and says what it can.
  void open(int id) {
    EXPECT_TRUE(holds(sent.back(), "RDS::Graphics"));
    EXPECT_EQ(sent.back().at(1), static_cast<std::byte>(id));
    EXPECT_TRUE(receive(bytes({0x10, id, 0, 0, 0, 0})));
    Bytes caps = bytes({0x30, id});
    append(caps, advertise({{0xA0701, 0}}));
    EXPECT_TRUE(receive(caps));
  }

  std::vector<Bytes> sent;
  int ready = 0;
  int refused = 0;
  int closed = 0;
  GraphicsChannel channel{*this, *this, false};
};

TEST_F(GraphicsChannelTest, IsOpenedAgainAfterAClientClosedIt) {
  channel.start();
  ASSERT_TRUE(receive(bytes({0x50, 0, 1, 0})));
  open(3);
  EXPECT_EQ(ready, 1);
  EXPECT_TRUE(channel.ready());
  ASSERT_TRUE(receive(bytes({0x40, 3})));
  EXPECT_EQ(closed, 1);
  EXPECT_FALSE(channel.ready());
  channel.reopen();
  EXPECT_TRUE(receive(bytes({0x30, 3, 1, 2, 3}))) << "was under way";
  open(4);
  EXPECT_EQ(ready, 2);
  ASSERT_TRUE(receive(bytes({0x40, 4})));
  EXPECT_EQ(closed, 2);
  channel.reopen();
  ASSERT_TRUE(receive(bytes({0x10, 5, 1, 0, 0, 0x80})));  // this time it does not take it
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(closed, 2);
}

TEST(Gfx, BelievesAClientThatSaysItsCacheIsSmall) {
  const auto tiles = [](std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sets) {
    return static_cast<long>(
        gfx::choose(std::get<gfx::CapsAdvertise>(gfx::parse(advertise(sets)).value().at(0)))->codecs.cached_tiles);
  };
  constexpr long kTileBytes = 64L * 64 * 4;
  const long large = tiles({{0xA0701, 0}});
  EXPECT_GT(large * kTileBytes, 90'000'000);
  EXPECT_LE(large * kTileBytes, 100'000'000);
  const long small = tiles({{0xA0701, 2}});
  EXPECT_GT(small * kTileBytes, 15'000'000);
  EXPECT_LE(small * kTileBytes, 16'000'000);
  EXPECT_EQ(tiles({{0x80004, 1}}), small);
  EXPECT_EQ(tiles({{0x80105, 2}}), small);
  EXPECT_EQ(tiles({{0xA0301, 0}}), small);                // 10.3: always
  EXPECT_EQ(tiles({{0xA0100, 0}}), small);                // 10.1: cannot say
  EXPECT_EQ(tiles({{0xA0701, 0}, {0x80105, 2}}), small);  // said elsewhere
  EXPECT_EQ(tiles({{0xA0701, 0}, {0xA0100, 3}}), large);  // reserved bytes say nothing
}

TEST(Gfx, WritesCopiesAndTheCache) {
  const auto written = [](EncodedRect rect) {
    EncodedFrame frame;
    frame.rects.push_back(std::move(rect));
    Bytes out;
    gfx::frame(3, 9, frame, out);
    return Bytes(out.begin() + 16, out.end() - 12);  // between the frame's start and end
  };
  EXPECT_EQ(written({.codec = Codec::kCopy, .rect = {16, 32, 100, 200}, .data = {}, .regions = {}, .from = {16, 68}}),
            bytes({5, 0, 0, 0, 26, 0, 0, 0, 3, 0, 3, 0, 16, 0, 68, 0, 116, 0, 12, 1, 1, 0, 16, 0, 32, 0}));
  EXPECT_EQ(written({.codec = Codec::kStore,
                     .rect = {64, 128, 64, 64},
                     .data = {},
                     .regions = {},
                     .slot = 0x123,
                     .key = 0x102030405}),
            bytes({6, 0, 0, 0, 28, 0, 0, 0, 3, 0, 5, 4, 3, 2, 1, 0, 0, 0, 0x23, 1, 64, 0, 128, 0, 128, 0, 192, 0}));
  EXPECT_EQ(
      written({.codec = Codec::kStore, .rect = {0, 0, 64, 64}, .data = {}, .regions = {}, .replaces = true, .slot = 7})
          .size(),
      10U + 28U);
  EXPECT_EQ(written({.codec = Codec::kRecall, .rect = {64, 128, 64, 64}, .data = {}, .regions = {}, .slot = 0x123}),
            bytes({7, 0, 0, 0, 18, 0, 0, 0, 0x23, 1, 3, 0, 1, 0, 64, 0, 128, 0}));
}

TEST(Gfx, ParsesAcknowledgementsAndRefusesNonsense) {
  const Bytes ack = bytes({0x0D, 0, 0, 0, 20, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0, 0, 0, 1, 0, 0, 0});
  const auto messages = gfx::parse(ack);
  ASSERT_TRUE(messages);
  EXPECT_EQ(std::get<gfx::FrameAcknowledge>(messages->at(0)).queue_depth, gfx::kSuspendAcks);
  EXPECT_EQ(std::get<gfx::FrameAcknowledge>(messages->at(0)).frame, 7U);
  EXPECT_FALSE(gfx::parse(bytes({0x0D, 0, 0, 0, 21, 0, 0, 0, 1})));
  EXPECT_FALSE(gfx::parse(bytes({0x0D, 0, 0, 0, 7, 0, 0, 0})));
  EXPECT_FALSE(gfx::parse(bytes({0x77, 0, 0, 0, 8, 0, 0, 0})));
  Bytes many = advertise({{1, 1}});
  many[8] = std::byte{0xFF};
  EXPECT_FALSE(gfx::parse(many));
}

TEST(Gfx, WritesAFrameInOneGo) {
  EncodedFrame frame;
  frame.rects.push_back({.codec = Codec::kSolid, .rect = {1, 2, 3, 4}, .data = Bytes(4), .regions = {}});
  frame.rects.push_back({.codec = Codec::kPlanar, .rect = {0, 0, 64, 64}, .data = Bytes(100), .regions = {}});
  Bytes out;
  gfx::frame(0, 9, frame, out);
  EXPECT_EQ(out.size(), 16U + (8 + 8 + 8) + (8 + 17 + 100) + 12);
  out.clear();
  gfx::reset_graphics(MonitorLayout::single({1920, 1080}), out);
  EXPECT_EQ(out.size(), 340U);
}

TEST(Disp, TakesTheOnlyMonitorWithinItsBounds) {
  const auto layout = [](std::uint32_t width, std::uint32_t height) {
    Bytes out;
    WireWriter w(out);
    for (const std::uint32_t v : {2U, 56U, 40U, 1U, 1U, 0U, 0U}) w.u32(v);
    w.u32(width);
    w.u32(height);
    w.zeros(20);
    return out;
  };
  EXPECT_EQ(disp::parse_layout(layout(1280, 720)).value().layout, MonitorLayout::single({1280, 720}));
  EXPECT_TRUE(disp::parse_layout(layout(100, 720)).value().layout.empty());
  EXPECT_TRUE(disp::parse_layout(layout(0xFFFFFFFF, 720)).value().layout.empty());
  Bytes cut = layout(1280, 720);
  cut.pop_back();
  EXPECT_FALSE(disp::parse_layout(cut));
}

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

Bytes layout_message(const std::vector<std::array<std::uint32_t, 10>>& monitors) {
  Bytes out;
  WireWriter w(out);
  for (const std::size_t v : {std::size_t{2}, 16 + monitors.size() * 40, std::size_t{40}, monitors.size()}) w.u32(v);
  for (const auto& monitor : monitors) {
    for (const std::uint32_t v : monitor) w.u32(v);
  }
  return out;
}

TEST(Disp, TakesEveryMonitorWithItsPlaceOrientationAndScale) {
  constexpr auto kLeft = static_cast<std::uint32_t>(-1080);
  const auto parsed = disp::parse_layout(
      layout_message({{1, 0, 0, 1920, 1080, 520, 290, 0, 150, 140}, {0, kLeft, 0, 1080, 1920, 5, 5, 90, 150, 150}}));
  ASSERT_TRUE(parsed) << describe(parsed.error());
  const auto monitors = parsed->layout.monitors();
  ASSERT_EQ(monitors.size(), 2U);
  const Monitor& left = monitors[0];
  EXPECT_EQ(left.place, (Rect{-1080, 0, 1080, 1920}));
  EXPECT_EQ(left.orientation, Orientation::kPortrait);
  EXPECT_EQ(left.physical, Size{}) << "5 mm are no monitor";
  EXPECT_EQ(left.desktop_scale, 100U) << "a device scale of 150 makes both void";
  const Monitor& right = monitors[1];
  EXPECT_TRUE(right.primary);
  EXPECT_EQ(right.physical, (Size{520, 290}));
  EXPECT_EQ(right.desktop_scale, 150U);
  EXPECT_EQ(right.device_scale, 140U);
}

TEST(Disp, SaysWhyALayoutIsIgnored) {
  const auto why = [](const auto& monitors) { return disp::parse_layout(layout_message(monitors)).value().why; };
  using Monitors = std::vector<std::array<std::uint32_t, 10>>;
  EXPECT_EQ(why(Monitors{{1, 0, 0, 800, 600}, {0, 100, 0, 800, 600}}), "monitors that overlap");
  EXPECT_NE(why(Monitors{{1, 0, 0, 800, 0x80000000}}), "");
  EXPECT_NE(why(Monitors{{1, 0x7FFFFFFF, 0x7FFFFFFF, 800, 600}}), "");
  EXPECT_FALSE(disp::parse_layout(layout_message(Monitors(17))));
}

TEST(Disp, GarbageNeverCrashesIt) {
  std::mt19937 random(13);
  for (int i = 0; i < 20000; ++i) {
    Bytes message = layout_message(std::vector<std::array<std::uint32_t, 10>>(random() % 4 + 1));
    for (std::size_t k = 16; k < message.size(); ++k) {
      if (random() % 3 == 0) message[k] = static_cast<std::byte>(random());
    }
    static_cast<void>(disp::parse_layout(message));
  }
}

}  // namespace
}  // namespace tobari::display
