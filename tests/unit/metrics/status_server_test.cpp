// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/metrics/status_server.h>

#include <array>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace tobari::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::seconds kLong{60};

class StatusServerTest : public testing::Test {
 protected:
  void start(StatusLimits limits = {.connections = 16, .request = kLong, .answer = kLong}) {
    StatusPages pages;
    pages.metrics = [this]() -> Result<std::string> { return text; };
    pages.alive = [this] { return alive; };
    pages.ready = {{"database", [this] { return database; }}, {"hosts", [this] { return hosts; }}};
    auto started = StatusServer::start({"127.0.0.1", 0}, std::move(pages), limits);
    ASSERT_TRUE(started.has_value()) << describe(started.error());
    server = *std::move(started);
  }
  UniqueFd connect() { return net::connect_tcp(server->endpoint(), kLong).value(); }
  static void send(const UniqueFd& socket, std::string_view bytes) {
    ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // All that comes until the server closes.
  static std::string receive(const UniqueFd& socket) {
    std::string all;
    for (;;) {
      pollfd entry{socket.get(), POLLIN, 0};
      if (::poll(&entry, 1, 30'000) != 1) return all + "(the server does not close)";
      std::array<char, 4096> bytes{};
      const ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
      if (got < 0) return all + "(reset)";
      if (got == 0) return all;
      all.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }
  std::string ask(std::string_view request) {
    const UniqueFd socket = connect();
    send(socket, request);
    return receive(socket);
  }
  std::string get(const std::string& path) { return ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"); }

  std::string text = "# HELP a b\na 1\n";
  Result<void> alive, database, hosts;
  std::unique_ptr<StatusServer> server;
};

TEST_F(StatusServerTest, ServesMetrics) {
  start();
  const std::string answer = get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n# HELP a b\na 1\n"));
  EXPECT_THAT(ask("HEAD /metrics HTTP/1.1\r\n\r\n"), EndsWith("Connection: close\r\n\r\n"));
}

TEST_F(StatusServerTest, SendsALargeAnswerToOneWhoReadsLate) {
  text.assign(8'000'000, 'x');
  start();
  const UniqueFd late = connect();
  send(late, "GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_THAT(get("/healthz"), EndsWith("\r\n\r\nalive\n")) << "others are served meanwhile";
  EXPECT_THAT(receive(late), EndsWith("xxx"));
}

TEST_F(StatusServerTest, SaysWhetherItLivesAndWhyItIsNotReady) {
  start();
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/readyz"), EndsWith("\r\n\r\nready\n"));
  database = fail(Errc::kTimeout, "it does not\nanswer");
  hosts = fail(Errc::kUnavailable, "none");
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(get("/readyz"), EndsWith("\r\n\r\ndatabase: it does not answer\nhosts: none\n"));
  alive = fail(Errc::kTimeout, "the loop does not answer");
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(StatusServerTest, RefusesWhatItDoesNotKnow) {
  start();
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/metrics/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("DELETE /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  // More than was asked for comes with the request: the answer must not be lost in a reset.
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nsomething"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(std::string(100'000, 'a')), StartsWith("HTTP/1.1 400 "));
}

TEST_F(StatusServerTest, TakesARequestByteByByte) {
  start();
  const UniqueFd socket = connect();
  for (const char c : std::string_view("GET /healthz HTTP/1.1\r\n\r\n")) send(socket, {&c, 1});
  EXPECT_THAT(receive(socket), EndsWith("alive\n"));
}

TEST_F(StatusServerTest, ClosesWhoDoesNotAskInTime) {
  start({.connections = 16, .request = std::chrono::milliseconds(50), .answer = kLong});
  const UniqueFd silent = connect();
  EXPECT_EQ(receive(silent), "");
  const UniqueFd slow = connect();
  send(slow, "GET /healthz HTTP/1.1\r\n");
  EXPECT_THAT(receive(slow), testing::AnyOf("", "(reset)"));
}

TEST_F(StatusServerTest, ClosesWhoDoesNotTakeTheAnswerInTime) {
  text.assign(32'000'000, 'x');  // more than the kernel keeps for both sides
  start({.connections = 16, .request = kLong, .answer = std::chrono::milliseconds(50)});
  const UniqueFd stuck = connect();
  send(stuck, "GET /metrics HTTP/1.1\r\n\r\n");
  while (server->ended() == 0) std::this_thread::yield();
  EXPECT_LT(receive(stuck).size(), text.size());
}

TEST_F(StatusServerTest, TheOldestGivesWay) {
  start({.connections = 2, .request = kLong, .answer = kLong});
  const UniqueFd first = connect();
  const UniqueFd second = connect();
  const UniqueFd third = connect();
  EXPECT_EQ(receive(first), "");
  const UniqueFd fourth = connect();
  EXPECT_EQ(receive(second), "");
  send(third, "GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(receive(third), EndsWith("alive\n"));
}

TEST_F(StatusServerTest, StopsWithConnectionsOpen) {
  start();
  const UniqueFd socket = connect();
  server->stop();
  server.reset();
  EXPECT_THAT(receive(socket), testing::AnyOf("", "(reset)"));
}

TEST(StatusServer, SaysThatItCannotListen) {
  const auto taken = StatusServer::start({"127.0.0.1", 0}, {});
  ASSERT_TRUE(taken.has_value());
  EXPECT_FALSE(StatusServer::start((*taken)->endpoint(), {}).has_value());
}

}  // namespace
}  // namespace tobari::metrics
