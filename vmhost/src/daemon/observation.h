// SPDX-License-Identifier: GPL-3.0-or-later
// What the agent says of itself and of its displays: metrics for Prometheus, and whether it lives and can work.
#pragma once

#include <memory>
#include <optional>

#include <tobari/metrics/inquiry.h>
#include <tobari/metrics/status_server.h>

#include "front/front.h"
#include "host/host_agent.h"
#include "metrics/display_figures.h"
#include "metrics/host_metrics.h"

namespace tobari::vmhost {

class Observation {
 public:
  // All of it outlives the observation. But for `metrics`, it is looked at on the loop thread.
  struct Parts {
    Loop& loop;
    HostMetrics& metrics;
    const HostAgent& agent;
    const Front& front;
    const DisplayFigures& displays;
    std::function<bool()> broker_connected;
  };
  [[nodiscard]] static Result<std::unique_ptr<Observation>> start(const net::Endpoint& listen, Parts parts);
  void stop() { server_->stop(); }
  [[nodiscard]] const net::Endpoint& endpoint() const noexcept { return server_->endpoint(); }

 private:
  struct Figures {
    HostAgent::Figures agent;
    FrontCounts front;
    std::size_t front_waiting = 0;
    bool broker_connected = false;
    DisplayTotals displays;
    std::uint64_t display_ends = 0;
    std::uint64_t adopted = 0;
    std::size_t processes = 0;
    std::size_t clients = 0;
    std::uint64_t unsent_bytes = 0;
    std::uint64_t in_flight = 0;
  };

  explicit Observation(Parts parts);
  [[nodiscard]] Figures look() const;
  [[nodiscard]] Result<void> scrape(metrics::Scrape& scrape);

  const Parts parts_;
  metrics::Inquiry<Figures> ask_loop_;
  std::unique_ptr<metrics::StatusServer> server_;
};

}  // namespace tobari::vmhost
