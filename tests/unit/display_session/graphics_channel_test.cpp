// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/graphics_channel.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::advertise;
using testing::append;
using testing::bytes;
using testing::Bytes;
using testing::holds;

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
  GraphicsChannel channel{*this, *this, {}};
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

// What saves a tenth is worth it on a narrow line, and not on any other.
TEST_F(GraphicsChannelTest, HowWellAFrameIsCompressedDependsOnItsLine) {
  channel.start();
  ASSERT_TRUE(receive(bytes({0x50, 0, 1, 0})));
  open(3);
  channel.set_layout({MonitorLayout::single({640, 480}), {{0, 0, 640, 480}}});
  std::mt19937 random(1);
  const auto sent_on = [&](std::optional<std::size_t> rate, unsigned levels, bool refines) {
    EncodedFrame frame;
    EncodedRect& grain = frame.rects.emplace_back();
    grain.codec = Codec::kPlanar;
    grain.rect = {0, 0, 200, 100};
    for (int i = 0; i < 60'000; ++i) grain.data.push_back(static_cast<std::byte>(random() % levels));
    frame.line_rate = rate;
    frame.refines = refines;
    return channel.send(1, 0, frame);
  };
  const std::size_t unknown = sent_on(std::nullopt, 20, false);
  EXPECT_GT(unknown, 60'000U);
  EXPECT_LT(sent_on(kNarrowLine / 4, 20, false), unknown * 19 / 20);
  EXPECT_GT(sent_on(kNarrowLine, 20, false), 60'000U);
  EXPECT_LT(sent_on(kNarrowLine, 4, false), 45'000U);
  EXPECT_GT(sent_on(kNarrowLine, 4, true), 60'000U) << "how soon it is decoded counts";
}

}  // namespace
}  // namespace tobari::display
