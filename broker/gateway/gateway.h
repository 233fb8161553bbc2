// SPDX-License-Identifier: GPL-3.0-or-later
// Listens, admits, relays, counts. One thread, that of EventLoop::run(), does all of it.
#pragma once

#include <memory>
#include <unordered_map>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

#include "admission.h"
#include "counters.h"
#include "event_loop.h"
#include "limits.h"
#include "log_limiter.h"
#include "relay.h"
#include "route_resolver.h"
#include "unauthenticated_book.h"

namespace tobari::gateway {

class Gateway {
 public:
  // Listens at once. Ignores SIGPIPE in the whole process: splice(2) has no flag for it. `loop` and `routes` outlive
  // the gateway; `routes` is stopped before the gateway is destroyed.
  [[nodiscard]] static Result<std::unique_ptr<Gateway>> create(EventLoop& loop, RouteResolver& routes,
                                                               const net::Endpoint& listen, const Limits& limits);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  [[nodiscard]] Result<net::Endpoint> listening_at() const { return net::local_endpoint(listener_.get()); }

  // The rest on the loop's thread.
  void stop();  // no new connection; ends all
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t sessions() const noexcept { return relays_.size(); }
  [[nodiscard]] std::size_t unauthenticated() const noexcept { return book_.size(); }
  void log_counters() const;

 private:
  using Id = UnauthenticatedBook::Id;

  Gateway(EventLoop& loop, RouteResolver& routes, const Limits& limits, UniqueFd listener);
  [[nodiscard]] Result<void> watch_listener();
  void accept_some();
  void on_accept_failed(int error_number);
  void admit(UniqueFd client, net::Endpoint peer);
  void on_outcome(Id id, Admission::Outcome outcome);
  void on_refused(const std::string& address, const Refused& refused);
  void begin_relay(Id id, RoutedPair pair);
  void on_relay_end(Id id, const std::string& why);
  void log_when_changed();

  EventLoop& loop_;
  RouteResolver& routes_;
  const Limits limits_;
  UniqueFd listener_;
  EventLoop::WatchId listener_watch_ = 0;
  EventLoop::TimerId report_timer_, resume_timer_;
  Counters counters_, logged_;
  LogLimiter log_limiter_;
  PipePool pipes_;
  UnauthenticatedBook book_;
  struct Waiting {
    std::shared_ptr<Admission> admission;
    std::string address;
  };
  std::unordered_map<Id, Waiting> admissions_;
  std::unordered_map<Id, std::shared_ptr<Relay>> relays_;
  Id last_id_ = 0;
};

}  // namespace tobari::gateway
