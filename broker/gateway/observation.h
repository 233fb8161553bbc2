// SPDX-License-Identifier: GPL-3.0-or-later
// What the gateway says of itself: its metrics for Prometheus, and whether it lives and can work.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <tobari/metrics/inquiry.h>
#include <tobari/metrics/status_server.h>

#include "catalogue.h"
#include "event_loop.h"
#include "gateway.h"

namespace tobari::gateway {

class Observation {
 public:
  // kUnavailable: there is no connection to the broker, nor could one be made in the time given.
  using Broker = std::function<Result<void>(std::chrono::milliseconds within)>;

  Observation() = default;
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // For the resolver, before the gateway is there.
  [[nodiscard]] metrics::Histogram redeem_time() { return registry_.histogram(metric::kRedeemTime); }
  // `loop` runs the gateway; both outlive this. Any thread, once.
  [[nodiscard]] Result<void> serve(const net::Endpoint& listen, EventLoop& loop, const Gateway& gateway,
                                   const Limits& limits, Broker broker);
  [[nodiscard]] std::optional<net::Endpoint> endpoint() const;
  void stop();

 private:
  struct Figures {
    Counters counters;
    std::size_t sessions = 0;
    std::size_t unauthenticated = 0;
  };
  void show(const Figures& figures, metrics::Scrape& scrape) const;

  metrics::Registry registry_{"tobari-gateway", metric::kCatalogue};
  Limits limits_;
  Broker broker_;
  std::optional<metrics::Inquiry<Figures>> ask_loop_;
  std::unique_ptr<metrics::StatusServer> server_;
};

}  // namespace tobari::gateway
