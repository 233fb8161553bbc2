// SPDX-License-Identifier: GPL-3.0-or-later
// Who gets through the gateway and who does not, and what each of them sees.
#include <sys/socket.h>

#include <tobari/base/random.h>
#include <tobari/net/x224_gate.h>

#include "gateway/fake_route_resolver.h"
#include "gateway_fixture.h"

namespace tobari::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class GatewayAdmission : public testing::Test {
 protected:
  RunningGateway& gateway() {
    if (!gateway_) gateway_ = std::make_unique<RunningGateway>(routes_, limits_);
    return *gateway_;
  }
  std::string new_token() {
    std::string token = random_token();
    routes_.add(token, front_.endpoint());
    return token;
  }
  // Sends, expects to be closed, returns what the gateway said before.
  std::string refused_reply(std::string_view bytes) {
    const UniqueFd client = gateway().connect();
    send_all(client.get(), bytes);
    return receive_until_closed(client.get());
  }

  Limits limits_;
  FakeRouteResolver routes_;
  FrontListener front_;
  std::unique_ptr<RunningGateway> gateway_;
};

TEST_F(GatewayAdmission, ATokenLeadsToItsFrontWithTheRequestUnchanged) {
  for (const bool bare : {false, true}) {
    const std::string request = connection_request((bare ? "" : "Cookie: msts=") + new_token());
    const UniqueFd client = gateway().connect();
    send_all(client.get(), request);
    const UniqueFd front = front_.accept();
    EXPECT_EQ(receive_exactly(front.get(), request.size()), request);
    send_all(front.get(), "confirm");
    EXPECT_EQ(receive_exactly(client.get(), 7), "confirm");
    send_all(client.get(), "and on");
    EXPECT_EQ(receive_exactly(front.get(), 6), "and on");
  }
  EXPECT_EQ(gateway().counters().routed, 2U);
}

TEST_F(GatewayAdmission, ARequestInSingleBytesIsARequest) {
  const std::string request = connection_request("Cookie: msts=" + new_token());
  const UniqueFd client = gateway().connect();
  for (const char byte : request) send_all(client.get(), {&byte, 1});
  EXPECT_EQ(receive_exactly(front_.accept().get(), request.size()), request);
}

TEST_F(GatewayAdmission, AUsedTokenIsRefused) {
  const std::string request = connection_request("Cookie: msts=" + new_token());
  const UniqueFd client = gateway().connect();
  send_all(client.get(), request);
  const UniqueFd front = front_.accept();
  EXPECT_EQ(refused_reply(request), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kUnknownToken), 1U);
}

TEST_F(GatewayAdmission, UnknownTokensAreRefusedAndForeignOnesNotEvenAskedAbout) {
  EXPECT_EQ(refused_reply(connection_request("Cookie: msts=" + random_token())), "");
  routes_.add("4242.session", front_.endpoint());  // the broker would know it, but no token of ours looks like that
  EXPECT_EQ(refused_reply(connection_request("Cookie: msts=4242.session")), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kUnknownToken), 2U);
}

TEST_F(GatewayAdmission, WithoutATokenThereIsNoWayYet) {
  EXPECT_EQ(refused_reply(connection_request("")), "");
  EXPECT_EQ(refused_reply(connection_request("Cookie: mstshash=alice")), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kNoToken), 2U);
}

TEST_F(GatewayAdmission, AClientWithoutTlsIsToldSoAndItsTokenIsNotUsedUp) {
  const std::string line = "Cookie: msts=" + new_token();
  const auto reply = net::ssl_required_reply();
  const std::string told(reinterpret_cast<const char*>(reply.data()), reply.size());
  for (const std::uint32_t protocols : {0U, 2U, 4U, 8U, 0x10U, 0x1eU}) {
    EXPECT_EQ(refused_reply(connection_request(line, protocols)), told) << protocols;
  }
  EXPECT_EQ(gateway().counters().of(Refusal::kNoTls), 6U);
  const UniqueFd client = gateway().connect();
  send_all(client.get(), connection_request(line));
  EXPECT_TRUE(front_.accept());
}

TEST_F(GatewayAdmission, RubbishIsClosedAtOnce) {
  EXPECT_EQ(refused_reply(std::string(65'536, 'x')), "");
  EXPECT_EQ(refused_reply("GET / HTTP/1.1\r\n\r\n"), "");
  EXPECT_EQ(refused_reply(connection_request("Cookie: msts=" + new_token()) + "early"), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kMalformed), 3U);
}

TEST_F(GatewayAdmission, ASlowSenderIsCutAtTheDeadlineHoweverBusyItIs) {
  limits_.request_deadline = milliseconds(300);
  const UniqueFd client = gateway().connect();
  const auto begin = steady_clock::now();
  const timeval pause{.tv_sec = 0, .tv_usec = 30'000};
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
  char byte = 0;
  for (const char next : connection_request("Cookie: msts=" + new_token())) {
    send_all(client.get(), {&next, 1});
    const ssize_t got = ::recv(client.get(), &byte, 1, 0);  // the pause between two bytes
    if (got == 0 || (got < 0 && errno == ECONNRESET)) break;
  }
  const auto lived = steady_clock::now() - begin;
  EXPECT_GE(lived, milliseconds(280));
  EXPECT_EQ(gateway().counters().of(Refusal::kTooSlow), 1U) << "a whole request would have been routed";
}

TEST_F(GatewayAdmission, AFrontThatIsAwayClosesTheClient) {
  const std::string token = random_token();
  routes_.add(token, FrontListener().endpoint());  // closed again at once
  EXPECT_EQ(refused_reply(connection_request(token)), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kFrontAway), 1U);
}

TEST_F(GatewayAdmission, ABrokerThatIsAwayClosesTheClient) {
  routes_.set_away(true);
  EXPECT_EQ(refused_reply(connection_request(new_token())), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kBrokerAway), 1U);
}

TEST_F(GatewayAdmission, TheOldestSilentConnectionGivesWay) {
  limits_.max_unauthenticated_per_address = 2;
  const UniqueFd first = gateway().connect();
  const UniqueFd second = gateway().connect();
  const UniqueFd third = gateway().connect();
  EXPECT_EQ(receive_until_closed(first.get()), "");
  EXPECT_EQ(gateway().unauthenticated(), 2U);
  EXPECT_EQ(gateway().counters().of(Refusal::kShed), 1U);
}

TEST_F(GatewayAdmission, SessionsAreNeverPushedOut) {
  limits_.max_sessions = 1;
  const UniqueFd client = gateway().connect();
  send_all(client.get(), connection_request(new_token()));
  const UniqueFd front = front_.accept();
  EXPECT_EQ(refused_reply(connection_request(new_token())), "");
  EXPECT_EQ(gateway().counters().of(Refusal::kFull), 1U);
  send_all(front.get(), "still here");
  EXPECT_EQ(receive_exactly(client.get(), 10), "still here");
}

}  // namespace
}  // namespace tobari::gateway
