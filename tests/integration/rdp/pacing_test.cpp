// SPDX-License-Identifier: GPL-3.0-or-later
// Clients that acknowledge what they like, and clients that stop reading: bounded cost, and the session goes on.
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "headless_client.h"
#include "memory.h"
#include "rdp_server.h"
#include "shaper/relay.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;
using tobari::testing::memory_held_mib;
using tobari::testing::ShapingRelay;
using tobari::testing::symmetric;

constexpr Size kPacedSize{800, 600};

// RDPGFX_FRAME_ACKNOWLEDGE_PDU (MS-RDPEGFX 2.2.2.13) as data of the graphics pipeline's dynamic channel.
void append_ack(std::vector<std::byte>& pdu, std::uint32_t queue_depth, std::uint32_t frame, std::uint32_t decoded) {
  for (const std::uint32_t value : {0x0000000DU, 20U, queue_depth, frame, decoded}) {
    for (int shift = 0; shift < 32; shift += 8) pdu.push_back(static_cast<std::byte>(value >> shift & 0xFF));
  }
}
std::vector<std::byte> dynamic_data() { return {std::byte{0x30}, std::byte{3}}; }

class Acknowledging : public ::testing::Test {
 protected:
  Acknowledging() { server.arm("t"); }
  [[nodiscard]] bool shows(const TestPattern& expected) {
    return client().wait_picture(
        [&expected](const FrameView& shown) { return same_picture(shown, expected.canvas().view()); });
  }
  HeadlessClient& client() {
    if (!client_) {
      client_ = std::make_unique<HeadlessClient>(
          server.port(), HeadlessClient::Arguments{"/u:x", "/p:t", "/size:800x600", "/gfx:AVC420"});
    }
    return *client_;
  }
  // The picture still follows what is done.
  void expect_follows(TestPattern& expected) {
    for (const std::uint8_t key : std::initializer_list<std::uint8_t>{0x1E, 0x1F, 0x20}) {
      expected.echo(echo_cell(kPacedSize, key, false));
      client().press_key(key);
      ASSERT_TRUE(shows(expected));
    }
  }
  RdpServer server;

 private:
  std::unique_ptr<HeadlessClient> client_;
};

TEST_F(Acknowledging, FramesNeverSentChangesNothing) {
  TestPattern expected = card(kPacedSize);
  ASSERT_TRUE(shows(expected));
  for (const std::uint32_t frame : {0U, 1U, 500U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFEU}) {
    auto pdu = dynamic_data();
    append_ack(pdu, 352'000, frame, 0xFFFFFFFF);
    ASSERT_TRUE(client().send_on_static_channel("drdynvc", pdu));
  }
  expect_follows(expected);
}

TEST_F(Acknowledging, AFloodOfThemIsBounded) {
  TestPattern expected = card(kPacedSize);
  ASSERT_TRUE(shows(expected));
  const long before = memory_held_mib();
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    auto pdu = dynamic_data();
    for (int k = 0; k < 50; ++k)
      append_ack(pdu, static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()), 0);
    ASSERT_TRUE(client().send_on_static_channel("drdynvc", pdu));
  }
  expect_follows(expected);
  EXPECT_LE(memory_held_mib() - before, 8);
}

TEST_F(Acknowledging, SuspendingItDoesNotStopThePicture) {
  TestPattern expected = card(kPacedSize);
  ASSERT_TRUE(shows(expected));
  auto pdu = dynamic_data();
  append_ack(pdu, 0xFFFFFFFF, 1, 1);
  ASSERT_TRUE(client().send_on_static_channel("drdynvc", pdu));
  expect_follows(expected);
}

TEST_F(Acknowledging, AMessageCutShortEndsTheSession) {
  ASSERT_TRUE(shows(card(kPacedSize)));
  auto pdu = dynamic_data();
  append_ack(pdu, 0, 1, 1);
  pdu.resize(pdu.size() - 3);
  ASSERT_TRUE(client().send_on_static_channel("drdynvc", pdu));
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->reason.code, Errc::kPeerProtocol);
}

// Megabytes are drawn every second. While nobody reads they are not encoded, so nothing piles up. Longer than the nine
// seconds after which FreeRDP, left alone, has the kernel end a line.
TEST(StoppedReader, CostsLittleAndIsCurrentAgainWhenItReadsOn) {
  RdpServer server("noise", {640, 360});
  server.arm("t");
  const auto relay =
      ShapingRelay::create({"127.0.0.1", 0}, {"127.0.0.1", server.port()}, symmetric(1'000'000'000, 1ms, 64 * 1024))
          .value();
  HeadlessClient client(relay->port(), {"/u:x", "/p:t", "/size:640x360", "/gfx:RFX"});
  std::vector<std::byte> last;
  const auto changes = [&client, &last] {
    return client.wait_picture([&last](const FrameView& shown) {
      std::vector<std::byte> now(shown.at(300, 150), shown.at(300, 150) + 64);
      return std::exchange(last, now) != now;
    });
  };
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(changes());
  const long before = memory_held_mib();
  relay->stall();
  std::this_thread::sleep_for(10s);
  EXPECT_LE(memory_held_mib() - before, 32);
  relay->resume();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(changes());
}

}  // namespace
}  // namespace tobari::display::testing
