// SPDX-License-Identifier: GPL-3.0-or-later
// Lets so many log lines through in a time, and counts the rest.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include <tobari/base/clock.h>

namespace tobari::display {

class LogLimiter {
 public:
  static constexpr int kLinesPerPeriod = 20;
  static constexpr std::chrono::seconds kPeriod{10};

  struct Admitted {
    unsigned long suppressed = 0;
  };  // lines that were not let through since the last one that was

  [[nodiscard]] std::optional<Admitted> admit(Clock::Steady now) {
    const std::scoped_lock lock(mutex_);
    if (now - period_began_ >= kPeriod) {
      period_began_ = now;
      lines_ = 0;
    }
    if (lines_ >= kLinesPerPeriod) {
      ++suppressed_;
      return std::nullopt;
    }
    ++lines_;
    return Admitted{std::exchange(suppressed_, 0)};
  }

 private:
  std::mutex mutex_;
  Clock::Steady period_began_{};
  int lines_ = 0;
  unsigned long suppressed_ = 0;
};

}  // namespace tobari::display
