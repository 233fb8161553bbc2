// SPDX-License-Identifier: GPL-3.0-or-later
// A connection from accept until it is routed or refused: reads the connection request, asks the broker, reaches the
// host's front and hands it the request. Costs one descriptor and no more memory than the largest request meanwhile.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>
#include <tobari/net/x224_gate.h>

#include "counters.h"
#include "event_loop.h"
#include "limits.h"
#include "relay.h"
#include "route_resolver.h"

namespace tobari::gateway {

struct Refused {
  Refusal reason;
  std::string detail;  // for the log; never the token
};

class Admission final : public std::enable_shared_from_this<Admission> {
 public:
  using Outcome = std::variant<RoutedPair, Refused>;
  struct Callbacks {
    std::move_only_function<void()> on_authenticated;   // the broker knows the token; at most once
    std::move_only_function<void(Outcome)> on_outcome;  // once, last; all on the loop's thread
  };

  Admission(EventLoop& loop, RouteResolver& routes, const Limits& limits, UniqueFd client, net::Endpoint peer,
            Callbacks callbacks);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  void start();
  void refuse(Refusal reason, std::string detail = {});

 private:
  void read_request();
  void take_request(const net::ConnectionRequest& request);
  void redeem(const std::string& token);
  void on_route(Result<Route> route);
  void connect_front(Route route);
  void on_front_ready();
  [[nodiscard]] Result<void> forward_request();
  void watch_client_leaving();
  void set_deadline(std::chrono::milliseconds in, Refusal reason);
  void release();
  void finish(Outcome outcome);

  EventLoop& loop_;
  RouteResolver& routes_;
  const Limits& limits_;
  UniqueFd client_, front_;
  net::Endpoint peer_;
  Callbacks callbacks_;
  std::array<std::byte, net::kMaxConnectionRequestBytes> request_{};
  std::size_t request_size_ = 0;
  std::string session_id_;
  EventLoop::WatchId client_watch_ = 0, front_watch_ = 0;
  EventLoop::TimerId deadline_;
  bool finished_ = false;
};

}  // namespace tobari::gateway
