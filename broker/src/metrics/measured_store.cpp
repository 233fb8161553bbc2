// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/measured_store.h"

#include <utility>

namespace tobari::broker {
namespace {

// Other errors are answers: not found, exists already, not allowed.
bool is_of_the_database(Errc code) {
  return code == Errc::kIo || code == Errc::kUnavailable || code == Errc::kTimeout || code == Errc::kInternal;
}

}  // namespace

Result<void> MeasuredStore::act(const Act& act) {
  const Stopwatch watch;
  return measured(BrokerMetrics::StoreUse::kAct, watch, store_->act(act));
}

Result<void> MeasuredStore::read(const Read& read) {
  const Stopwatch watch;
  return measured(BrokerMetrics::StoreUse::kRead, watch, store_->read(read));
}

Result<void> MeasuredStore::transact(const std::function<Result<void>(Writer&)>& body) {
  const Stopwatch watch;
  return measured(BrokerMetrics::StoreUse::kAct, watch, store_->transact(body));
}

Result<void> MeasuredStore::measured(BrokerMetrics::StoreUse use, const Stopwatch& watch, Result<void> done) const {
  metrics_.store_used(use, watch.elapsed(), !done.has_value() && is_of_the_database(done.error().code));
  return done;
}

}  // namespace tobari::broker
