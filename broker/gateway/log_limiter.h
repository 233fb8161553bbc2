// SPDX-License-Identifier: GPL-3.0-or-later
// So many lines at once, then one per interval: a flood of refusals must not become a flood of log.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <tobari/base/clock.h>

namespace tobari::gateway {

class LogLimiter {
 public:
  explicit LogLimiter(const Clock& clock) noexcept : clock_(clock), last_(clock.now()) {}

  [[nodiscard]] bool allow() noexcept {
    const auto refill = (clock_.now() - last_) / kInterval;
    last_ += refill * kInterval;
    tokens_ = std::min<std::int64_t>(kBurst, tokens_ + refill);
    if (tokens_ == 0) {
      ++suppressed_;
      return false;
    }
    --tokens_;
    return true;
  }
  // How many were not allowed since the last call.
  [[nodiscard]] std::uint64_t take_suppressed() noexcept { return std::exchange(suppressed_, 0); }

 private:
  static constexpr std::int64_t kBurst = 20;
  static constexpr std::chrono::seconds kInterval{1};
  const Clock& clock_;
  Clock::Steady last_;
  std::int64_t tokens_ = kBurst;
  std::uint64_t suppressed_ = 0;
};

}  // namespace tobari::gateway
