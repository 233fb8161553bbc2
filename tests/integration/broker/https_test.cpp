// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTPS port against clients that are wrong, slow or hostile.
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "http/http_server.h"
#include "running_broker.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Https : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = net::make_self_signed({"test", "", {"localhost"}, {"127.0.0.1"}}, {clock_.wall(), 1});
    identity_ = made.value();
  }
  void start(RequestHandler handler, HttpLimits limits = {}) {
    server_ = std::move(HttpServer::start({"127.0.0.1", 0}, identity_, std::move(handler), limits)).value();
  }
  [[nodiscard]] HttpsClient client(const std::string& host = "127.0.0.1") const {
    return HttpsClient({host, server_->endpoint().port, identity_.certificate_pem});
  }
  [[nodiscard]] UniqueFd raw() const { return net::connect_tcp(server_->endpoint(), 5s).value(); }
  // Waits until the other side has closed; false after ten seconds.
  static bool closed_by_peer(const UniqueFd& fd) {
    std::array<char, 4096> waste{};
    for (;;) {
      pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, 10'000) != 1) return false;
      const ssize_t got = ::recv(fd.get(), waste.data(), waste.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return true;
    }
  }
  static Response answer_of(int status) { return {.status = status, .content_type = "", .body = "", .headers = {}}; }
  static RequestHandler echo() {
    return [](Request request, const Respond& respond) {
      respond({.status = 200,
               .content_type = "text/plain",
               .body = request.method + request.path + request.body,
               .headers = {}});
    };
  }

  SystemClock clock_;
  net::Identity identity_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Https, AnswersManyRequestsOnOneConnection) {
  start(echo());
  auto one = client();
  for (int i = 0; i < 50; ++i) {
    const auto answer = one.send({.method = "POST",
                                  .path = "/x",
                                  .query = "",
                                  .authorization = "",
                                  .content_type = "",
                                  .idempotency_key = "",
                                  .if_none_match = "",
                                  .body = std::to_string(i),
                                  .client_address = ""});
    ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answer->body, "POST/x" + std::to_string(i));
  }
  EXPECT_EQ(server_->open_connections(), 1U);
}

TEST_F(Https, AnswersMayComeFromAnotherThreadOrNever) {
  std::jthread later;
  start(
      [&later](Request request, Respond respond) {
        if (request.path == "/later") later = std::jthread([respond] { respond(answer_of(201)); });
      },
      {.answer = 200ms});
  auto one = client();
  Request request;
  request.method = "GET";
  request.path = "/later";
  EXPECT_EQ(one.send(request)->status, 201);
  request.path = "/never";
  EXPECT_EQ(one.send(request)->status, 504);
  request.path = "/later";
  EXPECT_EQ(one.send(request)->status, 201);
}

TEST_F(Https, LimitsHeadersAndBodiesWithAnAnswer) {
  start(echo());
  Request request;
  request.method = "POST";
  request.path = "/";
  request.body = std::string(64 * 1024 + 1, 'x');
  EXPECT_EQ(client().send(request)->status, 413);
  request.body = std::string(64 * 1024, 'x');
  EXPECT_EQ(client().send(request)->status, 200);
  request.authorization = std::string(8 * 1024, 'x');
  EXPECT_EQ(client().send(request)->status, 431);
}

TEST_F(Https, ACertificateOfSomebodyElseIsNotBelieved) {
  start(echo());
  Request request;
  request.method = "GET";
  request.path = "/";
  EXPECT_EQ(client("localhost").send(request)->status, 200);
  const auto other = net::make_self_signed({"other", "", {}, {"127.0.0.1"}}, {clock_.wall(), 1}).value();
  HttpsClient wary({"127.0.0.1", server_->endpoint().port, other.certificate_pem});
  const auto refused = wary.send(request);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kUnauthenticated);
  EXPECT_EQ(wary.peer_fingerprint(), net::fingerprint(identity_.certificate_pem).value());
}

TEST_F(Https, GarbageEndsItsConnectionAndNoOther) {
  start(echo());
  std::string garbage(64 * 1024, '\0');
  random_bytes(std::as_writable_bytes(std::span(garbage)));
  const UniqueFd fd = raw();
  static_cast<void>(::send(fd.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL));
  EXPECT_TRUE(closed_by_peer(fd));
  const UniqueFd plain = raw();
  constexpr std::string_view kPlain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  static_cast<void>(::send(plain.get(), kPlain.data(), kPlain.size(), MSG_NOSIGNAL));
  EXPECT_TRUE(closed_by_peer(plain));
  Request request;
  request.method = "GET";
  request.path = "/";
  EXPECT_EQ(client().send(request)->status, 200);
}

TEST_F(Https, SilentClientsAreCutOffAndDoNotHurtOthers) {
  start(echo(), {.handshake = 500ms});
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(raw());
  Request request;
  request.method = "GET";
  request.path = "/";
  EXPECT_EQ(client().send(request)->status, 200);
  for (const UniqueFd& fd : silent) EXPECT_TRUE(closed_by_peer(fd));
  // The last ones to close count down in their own time.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (server_->open_connections() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(server_->open_connections(), 0U);
}

TEST_F(Https, OneAddressMayNotTakeAllConnections) {
  start(echo(), {.connections_per_address = 3, .handshake = 60s});  // only the cap may close within the wait
  std::vector<UniqueFd> held;
  for (int i = 0; i < 3; ++i) held.push_back(raw());
  while (server_->open_connections() < 3) std::this_thread::yield();
  EXPECT_TRUE(closed_by_peer(raw()));
}

TEST_F(Https, StopsWithConnectionsOpenAndAnswersOutstanding) {
  Respond kept;
  std::atomic<bool> asked{false};
  start([&kept, &asked](Request, Respond respond) {
    kept = std::move(respond);
    asked = true;
  });
  std::jthread waiting([this] {
    Request request;
    request.method = "GET";
    request.path = "/";
    EXPECT_FALSE(client().send(request).has_value());
  });
  while (!asked) std::this_thread::yield();
  server_->stop();
  server_.reset();
  kept(answer_of(200));  // nobody is there any more
}

TEST(HttpsUrl, IsUnderstoodOrRefused) {
  EXPECT_EQ(parse_https_url("https://desk.example")->port, 443);
  EXPECT_EQ(parse_https_url("https://[::1]:8443/")->host, "::1");
  EXPECT_EQ(parse_https_url("https://[::1]:8443/")->port, 8443);
  for (const char* bad : {"", "http://x", "https://", "https://x:0", "https://x:99999", "https://x:8y", "https://a@b",
                          "https://x/path", "https://[::1"}) {
    EXPECT_FALSE(parse_https_url(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace tobari::broker
