// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics and health of a program over HTTP, for Prometheus and for whoever watches the service: /metrics, /healthz (it
// lives) and /readyz (it can do its work; else why not). No TLS and no sign-in, so it listens on loopback unless told
// otherwise, and none of its answers holds a secret. One thread of its own and one request a connection; everything
// that a client controls has a maximum, and who is slow is closed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

namespace tobari::metrics {

struct StatusLimits {
  std::size_t connections = 16;  // beyond it the oldest is closed
  std::chrono::milliseconds request{5'000};
  std::chrono::milliseconds answer{10'000};  // until its last byte has left and the client has closed
};

// What the pages say. Called on the server's thread, one after the other; they may take a second or two.
struct StatusPages {
  std::function<Result<std::string>()> metrics;  // an error is 503
  std::function<Result<void>()> alive;           // likewise
  // Each that is not so is a line of the answer.
  struct Check {
    std::string name;
    std::function<Result<void>()> check;
  };
  std::vector<Check> ready;
};

class StatusServer {
 public:
  // Listens when this returns.
  [[nodiscard]] static Result<std::unique_ptr<StatusServer>> start(const net::Endpoint& listen, StatusPages pages,
                                                                   StatusLimits limits = {});
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;
  // On return no page is asked for any more.
  void stop();
  [[nodiscard]] const net::Endpoint& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] std::uint64_t ended() const noexcept { return ended_; }  // connections that are over

 private:
  struct Connection;
  StatusServer(UniqueFd listener, UniqueFd wake, net::Endpoint endpoint, StatusPages pages, StatusLimits limits);
  void run(const std::stop_token& stop);
  void accept_some();
  [[nodiscard]] bool serve(Connection& connection, short events);
  [[nodiscard]] bool read(Connection& connection);
  [[nodiscard]] static bool write(Connection& connection);
  [[nodiscard]] static bool drain(const Connection& connection);
  [[nodiscard]] std::string answer_to(const std::string& method, const std::string& path) const;
  [[nodiscard]] std::string readiness() const;

  const UniqueFd listener_;
  const UniqueFd wake_;
  const net::Endpoint endpoint_;
  const StatusPages pages_;
  const StatusLimits limits_;
  std::vector<Connection> connections_;  // oldest first
  std::atomic<std::uint64_t> ended_{0};
  std::chrono::steady_clock::time_point accept_again_;
  std::jthread thread_;
};

}  // namespace tobari::metrics
