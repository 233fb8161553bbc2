// SPDX-License-Identifier: GPL-3.0-or-later
// A TCP relay on loopback whose two directions are shaped lines. One thread of its own; every connection has lines of
// its own. Its sockets' buffers are small, so that what waits, waits in the line, where it is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

#include "shaper/shaped_line.h"

namespace tobari::testing {

struct RelayShape {
  LineShape to_client;
  LineShape to_server;
};

// A round trip's two halves and a queue of a tenth of a second, as an ordinary router has it, at least 16 KiB.
[[nodiscard]] RelayShape symmetric(std::uint64_t bits_a_second, std::chrono::microseconds round_trip,
                                   std::size_t queue_bytes = 0);

class ShapingRelay {
 public:
  static constexpr std::size_t kMaxConnections = 64;

  // `server`: a numeric IPv4 address.
  [[nodiscard]] static Result<std::unique_ptr<ShapingRelay>> create(const net::Endpoint& listen, net::Endpoint server,
                                                                    RelayShape shape);
  ~ShapingRelay();
  ShapingRelay(const ShapingRelay&) = delete;
  ShapingRelay& operator=(const ShapingRelay&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  // ---- any thread
  void reshape(RelayShape shape);
  void stall();  // nothing passes in either direction; connections stay
  void resume();
  [[nodiscard]] std::uint64_t bytes_to_client() const noexcept { return to_client_.load(); }

 private:
  class Connection;
  ShapingRelay(UniqueFd listener, UniqueFd wake, std::uint16_t port, net::Endpoint server, RelayShape shape);
  void run(const std::stop_token& stop);
  void take_orders(ShapedLine::Time now);
  void accept_client();
  void wake() noexcept;

  UniqueFd listener_;
  UniqueFd wake_;
  std::uint16_t port_;
  net::Endpoint server_;
  std::mutex mutex_;
  RelayShape shape_;      // under mutex_
  bool stalled_ = false;  // under mutex_
  bool changed_ = false;  // under mutex_
  std::atomic<std::uint64_t> to_client_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;  // the thread's own
  std::jthread thread_;                                   // last: it uses the others
};

}  // namespace tobari::testing
