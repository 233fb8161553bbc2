// SPDX-License-Identifier: GPL-3.0-or-later
// So often and no more: kBurst at once, kBurst in kPeriod in the long run. Pure; the caller passes the time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace tobari::display {

class BurstLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kBurst = 8;
  static constexpr std::chrono::milliseconds kPeriod{400};

  // None: now, and it counts. Otherwise when to ask again.
  [[nodiscard]] std::optional<Time> take(Time now) {
    std::optional<Time>& oldest = taken_[next_];
    if (oldest && now < *oldest + kPeriod) return *oldest + kPeriod;
    oldest = now;
    next_ = (next_ + 1) % kBurst;
    return std::nullopt;
  }

 private:
  std::array<std::optional<Time>, kBurst> taken_;
  std::size_t next_ = 0;
};

}  // namespace tobari::display
