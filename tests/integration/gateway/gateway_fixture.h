// SPDX-License-Identifier: GPL-3.0-or-later
// A gateway on its own thread, a host's front that the test plays itself, and clients with blocking sockets.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>

#include <gmock/gmock.h>

#include <tobari/base/clock.h>
#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

#include "gateway/event_loop.h"
#include "gateway/gateway.h"
#include "gateway/route_resolver.h"

namespace tobari::gateway {

inline constexpr std::chrono::seconds kPatience{10};

// A connection request with TLS offered and `line` (without line end) as routing token or cookie; empty: none.
[[nodiscard]] std::string connection_request(std::string_view line, std::uint32_t protocols = 1);

[[nodiscard]] UniqueFd connect_blocking(const net::Endpoint& endpoint);
void send_all(int fd, std::string_view bytes);
[[nodiscard]] std::string receive_exactly(int fd, std::size_t size);  // less when the peer closes or is silent too long
[[nodiscard]] std::string receive_until_closed(int fd);               // fails the test when the peer does not close
[[nodiscard]] std::size_t open_descriptors();

class FrontListener {
 public:
  [[nodiscard]] net::Endpoint endpoint() const { return net::local_endpoint(listener_.get()).value(); }
  [[nodiscard]] UniqueFd accept();

 private:
  UniqueFd listener_ = net::listen_tcp({"127.0.0.1", 0}).value();
};

class RunningGateway {
 public:
  RunningGateway(RouteResolver& routes, const Limits& limits);
  RunningGateway(const RunningGateway&) = delete;
  RunningGateway& operator=(const RunningGateway&) = delete;
  ~RunningGateway();

  [[nodiscard]] net::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] UniqueFd connect() const { return connect_blocking(endpoint_); }
  [[nodiscard]] Counters counters() {
    return on_loop([this] { return gateway_->counters(); });
  }
  [[nodiscard]] std::size_t sessions() {
    return on_loop([this] { return gateway_->sessions(); });
  }
  [[nodiscard]] std::size_t unauthenticated() {
    return on_loop([this] { return gateway_->unauthenticated(); });
  }

 private:
  template <class Question>
  std::invoke_result_t<Question> on_loop(Question question) {
    std::promise<std::invoke_result_t<Question>> promise;
    auto answer = promise.get_future();
    loop_->post([&promise, &question] { promise.set_value(question()); });
    return answer.get();
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create(clock_).value();
  RouteResolver& routes_;
  std::unique_ptr<Gateway> gateway_;
  net::Endpoint endpoint_;
  std::jthread thread_;
};

// Polls until `condition` holds; fails the test after kPatience.
template <class Condition>
void wait_until(Condition condition, std::string_view what) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
    std::this_thread::yield();
  }
}

}  // namespace tobari::gateway
