// SPDX-License-Identifier: GPL-3.0-or-later
#include "shaper/relay.h"

#include <array>
#include <fcntl.h>
#include <poll.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace tobari::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class RelayTest : public ::testing::Test {
 protected:
  // A connection through a relay of this shape: `client` and `server` are its ends.
  void open(RelayShape shape) {
    listener = net::listen_tcp({"127.0.0.1", 0}).value();
    relay = ShapingRelay::create({"127.0.0.1", 0}, net::local_endpoint(listener.get()).value(), shape).value();
    client = blocking(net::connect_tcp({"127.0.0.1", relay->port()}, 5s).value());
    pollfd item{listener.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&item, 1, 10'000), 1);
    server = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(server);
  }
  static UniqueFd blocking(UniqueFd fd) {
    EXPECT_EQ(::fcntl(fd.get(), F_SETFL, 0), 0);
    return fd;
  }
  static bool readable(const UniqueFd& fd, std::chrono::milliseconds limit) {
    pollfd item{fd.get(), POLLIN, 0};
    return ::poll(&item, 1, static_cast<int>(limit.count())) == 1;
  }

  UniqueFd listener;
  std::unique_ptr<ShapingRelay> relay;
  UniqueFd client;
  UniqueFd server;
};

TEST_F(RelayTest, BothWaysTakeNoLessThanTheRoundTrip) {
  open(symmetric(1'000'000'000, 60ms));
  char c = 'x';
  const auto began = steady_clock::now();
  ASSERT_EQ(::send(client.get(), &c, 1, 0), 1);
  ASSERT_EQ(::recv(server.get(), &c, 1, MSG_WAITALL), 1);
  EXPECT_GE(steady_clock::now() - began, 30ms);
  ASSERT_EQ(::send(server.get(), &c, 1, 0), 1);
  ASSERT_EQ(::recv(client.get(), &c, 1, MSG_WAITALL), 1);
  EXPECT_GE(steady_clock::now() - began, 60ms);
}

TEST_F(RelayTest, NoMoreThanTheRatePasses) {
  open(symmetric(8'000'000, 0us));  // a million bytes a second
  std::vector<std::byte> bytes(300'000);
  const auto began = steady_clock::now();
  std::jthread sender([this, &bytes] { EXPECT_EQ(::send(server.get(), bytes.data(), bytes.size(), 0), 300'000); });
  std::vector<std::byte> got(bytes.size());
  ASSERT_EQ(::recv(client.get(), got.data(), got.size(), MSG_WAITALL), 300'000);
  EXPECT_GE(steady_clock::now() - began, 295ms);
  while (relay->bytes_to_client() < 300'000) std::this_thread::yield();  // counted a moment after they went
}

TEST_F(RelayTest, TheSenderIsHeldUpByWhoDoesNotRead) {
  open(symmetric(80'000'000, 0us, 16 * 1024));
  ASSERT_EQ(::fcntl(server.get(), F_SETFL, O_NONBLOCK), 0);
  std::array<std::byte, 65536> bytes{};
  std::size_t taken = 0;
  const auto end = steady_clock::now() + 700ms;
  while (steady_clock::now() < end) {
    const ssize_t sent = ::send(server.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) taken += static_cast<std::size_t>(sent);
    pollfd item{server.get(), POLLOUT, 0};
    static_cast<void>(::poll(&item, 1, 10));
  }
  EXPECT_LT(taken, 16U << 20);  // kernels' buffers and 7 MB at the line's rate; without the line's bound hundreds
}

TEST_F(RelayTest, AStallHoldsAndTheRestFollows) {
  open(symmetric(1'000'000'000, 0us));
  char c = 'a';
  ASSERT_EQ(::send(client.get(), &c, 1, 0), 1);
  ASSERT_EQ(::recv(server.get(), &c, 1, MSG_WAITALL), 1);
  relay->stall();
  EXPECT_FALSE(readable(server, 20ms));
  ASSERT_EQ(::send(client.get(), "b", 1, 0), 1);
  EXPECT_FALSE(readable(server, 300ms));
  relay->resume();
  ASSERT_EQ(::recv(server.get(), &c, 1, MSG_WAITALL), 1);
  EXPECT_EQ(c, 'b');
}

TEST_F(RelayTest, AnEndPassesAfterTheBytes) {
  open(symmetric(8'000'000, 20ms));
  ASSERT_EQ(::send(client.get(), "last", 4, 0), 4);
  client.reset();
  std::array<char, 8> got{};
  EXPECT_EQ(::recv(server.get(), got.data(), 4, MSG_WAITALL), 4);
  EXPECT_EQ(::recv(server.get(), got.data(), 1, 0), 0);
}

}  // namespace
}  // namespace tobari::testing
