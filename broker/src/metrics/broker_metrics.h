// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker records where it happens. Any thread; a call costs less than a microsecond (docs/PERFORMANCE.md).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <tobari/metrics/metrics.h>

#include "core/types.h"

namespace tobari::broker {

// The way of a user from the password to the picture. Each phase is a length of its own, not a point in time.
enum class LoginPhase {
  kPassword,      // checking it; the wait for a worker excepted, that for a hasher not
  kPolicy,        // the policy's answer for all desktops of one connect
  kAssign,        // a pool's answer: which desktop
  kDesktopStart,  // from the host's word that it is starting to its word that it runs
  kDisplayOpen,   // the host's answer to OpenDisplay
  kRoute,         // from the offer to the gateway's redeeming it: the client's own time, mostly
  kFirstClient    // from the offer to the host's word that the client is in
};

class BrokerMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  BrokerMetrics();

  void login_phase(LoginPhase phase, Seconds took) const noexcept;
  // `pattern` is the route's, not the client's path.
  void request(const std::string& method, const std::string& pattern, int status, Seconds took);
  void refused_for_load() const noexcept { busy_.add(); }

  enum class StoreUse { kAct, kRead };
  void store_used(StoreUse use, Seconds took, bool failed) const noexcept;

  // The highest record that somebody who exports the audit has.
  void audit_read(std::uint64_t sequence) noexcept;
  [[nodiscard]] std::uint64_t audit_read() const noexcept { return audit_read_.load(std::memory_order_relaxed); }

  [[nodiscard]] metrics::Registry& registry() noexcept { return registry_; }

 private:
  metrics::Registry registry_;
  std::vector<metrics::Histogram> phases_;  // by LoginPhase
  std::vector<metrics::Histogram> store_;   // by StoreUse
  std::vector<metrics::Counter> failures_;  // likewise
  metrics::Counter busy_;
  std::atomic<std::uint64_t> audit_read_{0};
};

// For what was measured by the wall clock, which may be set back meanwhile.
[[nodiscard]] BrokerMetrics::Seconds since(Time earlier, Time now) noexcept;

// From its making on.
class Stopwatch {
 public:
  [[nodiscard]] BrokerMetrics::Seconds elapsed() const noexcept { return std::chrono::steady_clock::now() - began_; }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace tobari::broker
