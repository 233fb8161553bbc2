// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to bytes and ends of a routed session.
#include <future>

#include <sys/socket.h>

#include <tobari/base/random.h>

#include "gateway/fake_route_resolver.h"
#include "gateway_fixture.h"

namespace tobari::gateway {
namespace {

using std::chrono::milliseconds;

// Bytes without a period that a lost or repeated block could hide behind: its length is a prime.
const std::string& pattern() {
  static const std::string kPattern = [] {
    std::string out(1'000'003, '\0');
    random_bytes(std::as_writable_bytes(std::span(out)));
    return out;
  }();
  return kPattern;
}

void send_pattern(int fd, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const std::size_t offset = at % pattern().size();
    const std::string_view part = std::string_view(pattern()).substr(offset, size - at);
    send_all(fd, part);
    at += part.size();
  }
}

// How many bytes arrived as they were sent.
std::size_t receive_pattern(int fd, std::size_t size) {
  std::string buffer(256 * 1024, '\0');
  std::size_t at = 0;
  while (at < size) {
    const std::size_t offset = at % pattern().size();
    const std::size_t want = std::min({buffer.size(), size - at, pattern().size() - offset});
    const ssize_t got = ::recv(fd, buffer.data(), want, 0);
    if (got <= 0) return at;
    const auto count = static_cast<std::size_t>(got);
    if (std::string_view(buffer).substr(0, count) != std::string_view(pattern()).substr(offset, count)) return at;
    at += count;
  }
  return at;
}

class GatewayRelay : public testing::Test {
 protected:
  struct Session {
    UniqueFd client, front;
  };
  RunningGateway& gateway() {
    if (!gateway_) gateway_ = std::make_unique<RunningGateway>(routes_, limits_);
    return *gateway_;
  }
  Session open() {
    const std::string token = random_token();
    routes_.add(token, listener_.endpoint());
    const std::string request = connection_request(token);
    Session session{.client = gateway().connect(), .front = {}};
    send_all(session.client.get(), request);
    session.front = listener_.accept();
    EXPECT_EQ(receive_exactly(session.front.get(), request.size()), request);
    return session;
  }

  Limits limits_;
  FakeRouteResolver routes_;
  FrontListener listener_;
  std::unique_ptr<RunningGateway> gateway_;
};

TEST_F(GatewayRelay, AHundredMegabytesBothWaysAtOnceArriveAsSent) {
  constexpr std::size_t kSize = 100'000'000;
  const Session session = open();
  const std::jthread up([&session] { send_pattern(session.client.get(), kSize); });
  const std::jthread down([&session] { send_pattern(session.front.get(), kSize); });
  auto at_front = std::async(std::launch::async, receive_pattern, session.front.get(), kSize);
  EXPECT_EQ(receive_pattern(session.client.get(), kSize), kSize);
  EXPECT_EQ(at_front.get(), kSize);
  wait_until([this] { return gateway().counters().bytes_to_front == kSize; }, "counted");
  EXPECT_EQ(gateway().counters().bytes_to_client, kSize);
}

TEST_F(GatewayRelay, AClosedDirectionLeavesTheOtherOneOpen) {
  const Session session = open();
  send_all(session.client.get(), "last words");
  ::shutdown(session.client.get(), SHUT_WR);
  EXPECT_EQ(receive_until_closed(session.front.get()), "last words");
  constexpr std::size_t kSize = 5'000'000;
  const std::jthread answer([&session] {
    send_pattern(session.front.get(), kSize);
    ::shutdown(session.front.get(), SHUT_WR);
  });
  EXPECT_EQ(receive_pattern(session.client.get(), kSize), kSize);
  EXPECT_EQ(receive_until_closed(session.client.get()), "");
  wait_until([this] { return gateway().sessions() == 0; }, "the session is over");
}

TEST_F(GatewayRelay, AQuietHalfConnectionIsEnded) {
  limits_.half_closed_quiet = milliseconds(100);
  const Session session = open();
  ::shutdown(session.client.get(), SHUT_WR);
  EXPECT_EQ(receive_until_closed(session.client.get()), "");
}

TEST_F(GatewayRelay, ABrokenSideEndsTheOther) {
  for (const bool client_breaks : {true, false}) {
    Session session = open();
    UniqueFd& broken = client_breaks ? session.client : session.front;
    const UniqueFd& other = client_breaks ? session.front : session.client;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(broken.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    broken.reset();  // a reset, not an end
    EXPECT_EQ(receive_until_closed(other.get()), "");
  }
  wait_until([this] { return gateway().sessions() == 0; }, "both sessions are over");
}

TEST_F(GatewayRelay, AReaderThatStopsHoldsUpOnlyItsOwnSession) {
  const Session stuck = open();
  std::jthread sender([&stuck] { send_pattern(stuck.front.get(), 50'000'000); });
  wait_until([this] { return gateway().counters().bytes_to_client > 0; }, "bytes are under way");
  const Session other = open();
  send_all(other.front.get(), "quick");
  EXPECT_EQ(receive_exactly(other.client.get(), 5), "quick");
  ::shutdown(stuck.client.get(), SHUT_RDWR);
  ::shutdown(stuck.front.get(), SHUT_RDWR);
}

TEST_F(GatewayRelay, StoppingClosesSessionsAndLeavesNoDescriptor) {
  const std::size_t before = open_descriptors();
  const Session session = open();
  const UniqueFd half_open = gateway().connect();
  wait_until([this] { return gateway().unauthenticated() == 1; }, "accepted");
  gateway_.reset();
  EXPECT_EQ(receive_until_closed(session.client.get()), "");
  EXPECT_EQ(receive_until_closed(session.front.get()), "");
  EXPECT_EQ(receive_until_closed(half_open.get()), "");
  EXPECT_EQ(open_descriptors(), before + 3) << "the three sockets of this test";
}

}  // namespace
}  // namespace tobari::gateway
