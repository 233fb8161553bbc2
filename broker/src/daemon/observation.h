// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker says of itself: its metrics for Prometheus, and whether it lives and can work.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/metrics/inquiry.h>
#include <tobari/metrics/status_server.h>

#include "auth/worker_pool.h"
#include "metrics/broker_metrics.h"
#include "rpc/control_loop.h"
#include "rpc/host_registry.h"
#include "store/state_store.h"

namespace tobari::broker {

// Of the audit's signed head in the log.
struct HeadsLogged {
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<Clock::Steady> looked_at{};
};

class Observation {
 public:
  // All of it outlives the observation.
  struct Parts {
    StateStore& store;
    const Clock& clock;
    const HostRegistry& hosts;
    BrokerMetrics& metrics;
    WorkerPool& workers;  // that may wait for the database
    const HeadsLogged& heads;
    const ControlLoop& control;
  };
  [[nodiscard]] static Result<std::unique_ptr<Observation>> start(const net::Endpoint& listen, const Parts& parts);
  void stop() { server_->stop(); }
  [[nodiscard]] const net::Endpoint& endpoint() const noexcept { return server_->endpoint(); }

 private:
  struct PoolFigures {
    Pool pool;
    PoolFill fill;
  };
  struct StoreFigures {
    SessionCounts sessions;
    std::uint64_t hosts = 0;
    std::uint64_t audit = 0;
    std::vector<PoolFigures> pools;
  };

  explicit Observation(const Parts& parts);
  [[nodiscard]] Result<StoreFigures> read_store() const;
  void look_at_hosts(metrics::Scrape& scrape) const;
  void look_at_store(metrics::Scrape& scrape);
  void show(const StoreFigures& figures, metrics::Scrape& scrape) const;

  const Parts parts_;
  metrics::Inquiry<StoreFigures> ask_store_;
  std::unique_ptr<metrics::StatusServer> server_;
};

}  // namespace tobari::broker
