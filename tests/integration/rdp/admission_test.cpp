// SPDX-License-Identifier: GPL-3.0-or-later
// Who gets in, who does not, and what they are told; reconnecting and taking over.
#include <gtest/gtest.h>

#include "headless_client.h"
#include "rdp_server.h"

namespace tobari::display::testing {
namespace {

// MS-RDPBCGR 2.2.5.1.1
constexpr std::uint32_t kTakenOver = 0x5;
constexpr std::uint32_t kNoPrivileges = 0x9;
constexpr std::uint32_t kFreshCredentials = 0xA;

HeadlessClient::Arguments with_ticket(const std::string& ticket) {
  return {"/u:somebody", "/p:" + ticket, "/size:640x480", "/gfx:AVC420"};
}

bool shows_card(HeadlessClient& client) {
  const TestPattern expected = card({640, 480});
  return client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); });
}

void expect_refused(RdpServer& server, const std::string& ticket, std::uint32_t error_info, Errc reason) {
  HeadlessClient client(server.port(), with_ticket(ticket));
  const auto outcome = client.wait_ended();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(outcome->connected);
  EXPECT_EQ(outcome->error_info, error_info);
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed.has_value());
  EXPECT_FALSE(closed->admitted);
  EXPECT_EQ(closed->reason.code, reason) << describe(closed->reason);
  EXPECT_EQ(server.connected(), 0U);
}

TEST(Admission, NobodyWithoutATicket) {
  RdpServer server;
  expect_refused(server, "", kNoPrivileges, Errc::kUnauthenticated);
}

TEST(Admission, NobodyWithAWrongTicket) {
  RdpServer server;
  server.arm("right");
  expect_refused(server, "wrong", kNoPrivileges, Errc::kUnauthenticated);
}

TEST(Admission, NobodyWithAnExpiredTicket) {
  RdpServer server;
  server.arm("late", std::chrono::seconds(0));
  expect_refused(server, "late", kFreshCredentials, Errc::kTimeout);
}

TEST(Admission, ATicketOpensOneConnection) {
  RdpServer server("card", {640, 480});
  server.arm("once");
  HeadlessClient first(server.port(), with_ticket("once"));
  ASSERT_TRUE(shows_card(first));
  HeadlessClient second(server.port(), with_ticket("once"));
  const auto outcome = second.wait_ended();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(outcome->connected);
  EXPECT_EQ(outcome->error_info, kFreshCredentials);
  EXPECT_FALSE(first.wait_ended(std::chrono::milliseconds(200)).has_value()) << "the first one must not notice";
}

TEST(Admission, ADroppedClientComesBackToTheSameDesktop) {
  RdpServer server("card", {640, 480});
  for (const char* ticket : {"t1", "t2", "t3"}) {
    server.arm(ticket);
    HeadlessClient client(server.port(), with_ticket(ticket));
    EXPECT_TRUE(shows_card(client)) << ticket;
  }
  const auto closed = server.wait_closed(2);
  ASSERT_TRUE(closed.has_value());
  EXPECT_TRUE(closed->admitted);
  EXPECT_EQ(closed->reason.code, Errc::kUnavailable) << describe(closed->reason);
}

TEST(Admission, ANewClientTakesOver) {
  RdpServer server("card", {640, 480});
  server.arm("t1");
  server.arm("t2");
  HeadlessClient first(server.port(), with_ticket("t1"));
  ASSERT_TRUE(shows_card(first));
  HeadlessClient second(server.port(), with_ticket("t2"));
  EXPECT_TRUE(shows_card(second));
  const auto outcome = first.wait_ended();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error_info, kTakenOver);
}

// With a reason clients stay away; without one the line is lost to them, and they come back to the next process.
TEST(Admission, AServerThatStopsGivesNoReason) {
  auto server = std::make_unique<RdpServer>("card", Size{640, 480});
  server->arm("t1");
  HeadlessClient client(server->port(), with_ticket("t1"));
  ASSERT_TRUE(shows_card(client));
  server.reset();
  const auto outcome = client.wait_ended();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->error_info, 0U);
}

TEST(Admission, TheAgentCanDropASession) {
  RdpServer server("card", {640, 480});
  server.arm("t1");
  HeadlessClient client(server.port(), with_ticket("t1"));
  ASSERT_TRUE(shows_card(client));
  server.session().drop_clients("session-of-somebody-else", CloseReason::kDropped);
  EXPECT_FALSE(client.wait_ended(std::chrono::milliseconds(200)).has_value());
  server.session().drop_clients("session-of-t1", CloseReason::kDropped);
  EXPECT_TRUE(client.wait_ended().has_value());
}

}  // namespace
}  // namespace tobari::display::testing
