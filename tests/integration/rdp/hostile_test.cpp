// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes that are no RDP, clients that stop half-way, ways in that are closed, and channels that nobody granted.
#include <array>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "headless_client.h"
#include "rdp_server.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;

std::vector<unsigned char> connection_request(std::uint32_t protocols) {
  return {0x03, 0x00, 0x00, 0x13, 0x0E, 0xE0, 0x00, 0x00,
          0x00, 0x00, 0x00, 0x01, 0x00, 0x08, 0x00, static_cast<unsigned char>(protocols),
          0x00, 0x00, 0x00};
}

// As much as the other side takes: it may have closed, or not read on.
void send_all(const UniqueFd& fd, std::span<const unsigned char> bytes) {
  static_cast<void>(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

// What comes until the other side closes; nothing when it does not within `limit`.
std::optional<std::vector<unsigned char>> read_until_closed(const UniqueFd& fd, std::chrono::milliseconds limit) {
  std::vector<unsigned char> all;
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd item{fd.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&item, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    std::array<unsigned char, 4096> buffer{};
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return all;
    all.insert(all.end(), buffer.begin(), buffer.begin() + got);
  }
}

void expect_serves(RdpServer& server) {
  server.arm("good");
  HeadlessClient client(server.port(), {"/u:x", "/p:good", "/size:800x600", "/gfx:AVC420"});
  const TestPattern expected = card({800, 600});
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
}

class Protocols : public ::testing::TestWithParam<std::uint32_t> {};

// Only the bit for TLS opens anything. Everything else is answered with SSL_REQUIRED_BY_SERVER and closed at once.
TEST_P(Protocols, OnlyTlsSurvives) {
  const bool tls = (GetParam() & 1) != 0;
  RdpServer server;
  const UniqueFd fd = server.dial();
  send_all(fd, connection_request(GetParam()));
  const auto answer = read_until_closed(fd, tls ? 300ms : 1000ms);
  if (!tls) {
    ASSERT_TRUE(answer.has_value()) << "still open after a second";
    ASSERT_EQ(answer->size(), 19U);
    EXPECT_EQ((*answer)[11], 3) << "RDP_NEG_FAILURE";
    EXPECT_EQ((*answer)[15], 1) << "SSL_REQUIRED_BY_SERVER";
    return;
  }
  ASSERT_FALSE(answer.has_value()) << "closed although TLS was offered";
  std::array<unsigned char, 19> reply{};
  const UniqueFd again = server.dial();
  send_all(again, connection_request(GetParam()));
  ASSERT_EQ(::recv(again.get(), reply.data(), reply.size(), MSG_WAITALL), 19);
  EXPECT_EQ(reply[11], 2) << "RDP_NEG_RSP";
  EXPECT_EQ(reply[15], 1) << "nothing but TLS is selected";
}
INSTANTIATE_TEST_SUITE_P(Rdp, Protocols, ::testing::Range(0U, 16U));

TEST(Hostile, AfterTlsWasSelectedPlainRdpEndsIt) {
  RdpServer server;
  const UniqueFd fd = server.dial();
  send_all(fd, connection_request(3));
  std::array<unsigned char, 19> reply{};
  ASSERT_EQ(::recv(fd.get(), reply.data(), reply.size(), MSG_WAITALL), 19);
  std::vector<unsigned char> plain(400, 0x41);
  plain[0] = 0x03;
  plain[2] = 0x01;
  send_all(fd, plain);
  EXPECT_TRUE(read_until_closed(fd, 1000ms).has_value());
}

TEST(Hostile, GarbageEndsThatConnectionOnly) {
  RdpServer server;
  std::mt19937 random(20260822);
  std::size_t ended = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<unsigned char> garbage(64 * 1024);
    for (auto& b : garbage) b = static_cast<unsigned char>(random());
    if (round % 2 == 1) {  // past the gate, into what expects TLS
      const auto request = connection_request(1);
      std::copy(request.begin(), request.end(), garbage.begin());
    }
    const UniqueFd fd = server.dial();
    send_all(fd, garbage);
    EXPECT_TRUE(read_until_closed(fd, 5000ms).has_value()) << "round " << round;
    EXPECT_TRUE(server.wait_closed(ended++).has_value());
  }
  expect_serves(server);
}

TEST(Hostile, WhoStopsHalfWayIsDroppedAtTheDeadline) {
  RdpServer server("card", {800, 600}, 700ms);
  const auto request = connection_request(1);
  const std::vector<std::vector<unsigned char>> beginnings{{}, {0x03, 0x00}, request};
  for (const auto& beginning : beginnings) {
    const UniqueFd fd = server.dial();
    send_all(fd, beginning);
    EXPECT_TRUE(read_until_closed(fd, 3000ms).has_value()) << beginning.size() << " bytes sent";
  }
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    const auto closed = server.wait_closed(i);
    ASSERT_TRUE(closed.has_value());
    EXPECT_EQ(closed->reason.code, Errc::kTimeout) << describe(closed->reason);
  }
}

TEST(Hostile, ByteByByteIsNoWayAroundTheDeadline) {
  RdpServer server("card", {800, 600}, 700ms);
  const UniqueFd fd = server.dial();
  const auto began = std::chrono::steady_clock::now();
  const std::vector<unsigned char> header{0x03, 0x00, 0x01, 0x03, 0xFE, 0xE0};
  for (std::size_t i = 0; std::chrono::steady_clock::now() - began < 3s; ++i) {
    const unsigned char b = i < header.size() ? header[i] : 0;
    if (::send(fd.get(), &b, 1, MSG_NOSIGNAL) <= 0) break;
    if (read_until_closed(fd, 50ms).has_value()) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST(Hostile, TooManyUnauthenticatedAreTurnedAway) {
  RdpServer server;
  std::vector<UniqueFd> idle;
  for (std::size_t i = 0; i < DisplaySession::kMaxPending; ++i) {
    idle.push_back(server.dial());
    send_all(idle.back(), {});
  }
  const UniqueFd one_more = server.dial();
  EXPECT_TRUE(read_until_closed(one_more, 3000ms).has_value());
  idle.clear();
  for (std::size_t i = 0; i < DisplaySession::kMaxPending; ++i) EXPECT_TRUE(server.wait_closed(i).has_value());
  expect_serves(server);
}

const HeadlessClient::Arguments kGreedy{"/u:x",
                                        "/p:t",
                                        "/size:800x600",
                                        "/gfx:AVC420",
                                        "+clipboard",
                                        "/drive:all,/tmp",
                                        "/printer",
                                        "/smartcard",
                                        "/microphone",
                                        "/sound",
                                        "/serial:com1,/dev/null",
                                        "/usb:auto",
                                        "+dynamic-resolution"};

TEST(Channels, WhoAsksForAllOfThemGetsThePictureOnly) {
  RdpServer server;
  server.arm("t");
  HeadlessClient client(server.port(), kGreedy);
  const TestPattern expected = card({800, 600});
  ASSERT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
  for (const std::string& name : client.dynamic_channels()) {
    EXPECT_EQ(name, "Microsoft::Windows::RDS::Graphics");
  }
  // A client that sent a byte on any other channel would have been dropped.
  EXPECT_FALSE(client.wait_ended(500ms).has_value());
}

class PushedChannels : public ::testing::TestWithParam<const char*> {};

TEST_P(PushedChannels, DataEndsTheSession) {
  RdpServer server;
  server.arm("t");
  HeadlessClient client(server.port(), kGreedy);
  ASSERT_TRUE(client.wait_picture([](const FrameView&) { return true; }));
  constexpr std::array<std::byte, 16> kData{};
  ASSERT_TRUE(client.send_on_static_channel(GetParam(), kData)) << "the client has no such channel";
  ASSERT_TRUE(client.wait_ended().has_value());
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->reason.code, Errc::kPermissionDenied) << describe(closed->reason);
  expect_serves(server);
}
INSTANTIATE_TEST_SUITE_P(Rdp, PushedChannels, ::testing::Values("cliprdr", "rdpdr", "rdpsnd"));

TEST(Channels, ADynamicChannelThatTheServerDidNotOpenEndsTheSession) {
  RdpServer server;
  server.arm("t");
  HeadlessClient client(server.port(), kGreedy);
  ASSERT_TRUE(client.wait_picture([](const FrameView&) { return true; }));
  constexpr std::array kData{std::byte{0x30}, std::byte{0x77}, std::byte{1}, std::byte{2}};  // DYNVC_DATA, channel 0x77
  ASSERT_TRUE(client.send_on_static_channel("drdynvc", kData));
  ASSERT_TRUE(client.wait_ended().has_value());
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->reason.code, Errc::kPermissionDenied) << describe(closed->reason);
}

}  // namespace
}  // namespace tobari::display::testing
