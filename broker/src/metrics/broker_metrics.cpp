// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/broker_metrics.h"

#include <algorithm>

#include "metrics/catalogue.h"

namespace tobari::broker {
namespace {

constexpr std::array kPhases{"password", "policy", "assign", "desktop_start", "display_open", "route", "first_client"};
constexpr std::array kStoreUses{"act", "read"};

}  // namespace

BrokerMetrics::BrokerMetrics()
    : registry_("tobari-broker", metric::kCatalogue), busy_(registry_.counter(metric::kBusy)) {
  for (const char* phase : kPhases) phases_.push_back(registry_.histogram(metric::kLoginPhase, {{"phase", phase}}));
  for (const char* use : kStoreUses) {
    store_.push_back(registry_.histogram(metric::kStoreTime, {{"use", use}}));
    failures_.push_back(registry_.counter(metric::kStoreFailures, {{"use", use}}));
  }
}

void BrokerMetrics::login_phase(LoginPhase phase, Seconds took) const noexcept {
  phases_[static_cast<std::size_t>(phase)].observe(took);
}

void BrokerMetrics::request(const std::string& method, const std::string& pattern, int status, Seconds took) {
  registry_.counter(metric::kRequests, {{"method", method}, {"route", pattern}, {"status", std::to_string(status)}})
      .add();
  registry_.histogram(metric::kRequestTime, {{"method", method}, {"route", pattern}}).observe(took);
}

void BrokerMetrics::store_used(StoreUse use, Seconds took, bool failed) const noexcept {
  store_[static_cast<std::size_t>(use)].observe(took);
  if (failed) failures_[static_cast<std::size_t>(use)].add();
}

void BrokerMetrics::audit_read(std::uint64_t sequence) noexcept {
  std::uint64_t known = audit_read_.load(std::memory_order_relaxed);
  while (known < sequence && !audit_read_.compare_exchange_weak(known, sequence, std::memory_order_relaxed)) {
  }
}

BrokerMetrics::Seconds since(Time earlier, Time now) noexcept {
  return std::max(BrokerMetrics::Seconds(now - earlier), BrokerMetrics::Seconds(0));
}

}  // namespace tobari::broker
