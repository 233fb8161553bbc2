// SPDX-License-Identifier: GPL-3.0-or-later
// A resolver whose answers are timed.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <tobari/metrics/metrics.h>

#include "route_resolver.h"

namespace tobari::gateway {

class MeasuredRouteResolver final : public RouteResolver {
 public:
  // `routes` and what `time` belongs to outlive it.
  MeasuredRouteResolver(RouteResolver& routes, metrics::Histogram time) : routes_(routes), time_(time) {}

  void redeem(const std::string& routing_token, const std::string& client_address, Answer answer) override {
    routes_.redeem(routing_token, client_address,
                   [time = time_, began = std::chrono::steady_clock::now(),
                    answer = std::move(answer)](Result<Route> route) mutable {
                     time.observe(std::chrono::steady_clock::now() - began);
                     answer(std::move(route));
                   });
  }
  void stop() override { routes_.stop(); }

 private:
  RouteResolver& routes_;
  const metrics::Histogram time_;
};

}  // namespace tobari::gateway
