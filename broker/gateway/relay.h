// SPDX-License-Identifier: GPL-3.0-or-later
// A routed session: two sockets and the bytes between them, until both directions ended or one side broke.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "counters.h"
#include "event_loop.h"
#include "limits.h"
#include "splice_flow.h"

namespace tobari::gateway {

// A client that may go on, and the host's front, which has its connection request already.
struct RoutedPair {
  UniqueFd client, front;
  std::string session_id, client_address;
};

class Relay final : public std::enable_shared_from_this<Relay> {
 public:
  using OnEnd = std::move_only_function<void(const std::string& why)>;  // once, on the loop's thread

  // Everything referred to outlives the relay.
  Relay(EventLoop& loop, PipePool& pipes, const Limits& limits, Counters& counters, RoutedPair pair, OnEnd on_end);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  void start();
  void end(const std::string& why);  // closes both sockets; calls on_end unless it ended before

  [[nodiscard]] const RoutedPair& pair() const noexcept { return pair_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return to_front_.delivered() + to_client_.delivered(); }

 private:
  [[nodiscard]] Result<void> watch_both();
  void on_ready(std::uint32_t events, SpliceFlow& from_it, SpliceFlow& to_it);
  void pump();
  void watch_half_closed();
  void check_half_closed(std::uint64_t bytes_before);

  EventLoop& loop_;
  const Limits& limits_;
  Counters& counters_;
  RoutedPair pair_;
  SpliceFlow to_front_, to_client_;
  OnEnd on_end_;
  EventLoop::WatchId client_watch_ = 0, front_watch_ = 0;
  EventLoop::TimerId half_closed_timer_;
  bool pump_posted_ = false, half_closed_ = false, ended_ = false;
};

}  // namespace tobari::gateway
