// SPDX-License-Identifier: GPL-3.0-or-later
// A broker's memory of tokens, for tests: each one good once.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "route_resolver.h"

namespace tobari::gateway {

class FakeRouteResolver final : public RouteResolver {
 public:
  void add(const std::string& routing_token, net::Endpoint front) {
    const std::scoped_lock lock(mutex_);
    routes_[routing_token] = Route{.front = std::move(front), .session_id = "fake session"};
  }
  void set_away(bool away) {
    const std::scoped_lock lock(mutex_);
    away_ = away;
  }

  void redeem(const std::string& routing_token, const std::string& client_address, Answer answer) override {
    answer(take(routing_token, client_address));
  }
  void stop() override {}

 private:
  Result<Route> take(const std::string& routing_token, const std::string& client_address) {
    const std::scoped_lock lock(mutex_);
    if (away_) return fail(Errc::kUnavailable, "the broker is away");
    auto found = routes_.extract(routing_token);
    if (found.empty()) return fail(Errc::kNotFound, "unknown routing token from " + client_address);
    return std::move(found.mapped());
  }

  std::mutex mutex_;
  std::map<std::string, Route> routes_;
  bool away_ = false;
};

}  // namespace tobari::gateway
