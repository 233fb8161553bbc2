// SPDX-License-Identifier: GPL-3.0-or-later
// A store whose uses are timed and whose failures are counted, whichever database is behind it.
#pragma once

#include <memory>
#include <utility>

#include "metrics/broker_metrics.h"
#include "store/state_store.h"

namespace tobari::broker {

class MeasuredStore final : public StateStore {
 public:
  // `metrics` outlives it.
  MeasuredStore(std::unique_ptr<StateStore> store, const BrokerMetrics& metrics)
      : store_(std::move(store)), metrics_(metrics) {}

  Result<void> act(const Act& act) override;
  Result<void> read(const Read& read) override;
  Result<void> transact(const std::function<Result<void>(Writer&)>& body) override;

 private:
  [[nodiscard]] Result<void> measured(BrokerMetrics::StoreUse use, const Stopwatch& watch, Result<void> done) const;

  const std::unique_ptr<StateStore> store_;
  const BrokerMetrics& metrics_;
};

}  // namespace tobari::broker
