// SPDX-License-Identifier: GPL-3.0-or-later
// Time is asked for through this interface, so that tests decide what time it is. Durations and deadlines use the
// steady clock; what people and certificates see uses the wall clock.
#pragma once

#include <chrono>

namespace tobari {

class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  [[nodiscard]] virtual Steady now() const noexcept = 0;
  [[nodiscard]] virtual Wall wall() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Wall wall() const noexcept override { return std::chrono::system_clock::now(); }
};

// The fake: stands still until told.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Steady now() const noexcept override { return Steady{} + std::chrono::hours(1) + elapsed_; }
  [[nodiscard]] Wall wall() const noexcept override {
    return Wall{} + std::chrono::hours(24 * 365 * 50) + std::chrono::duration_cast<Wall::duration>(elapsed_);
  }
  void advance(std::chrono::nanoseconds by) noexcept { elapsed_ += by; }

 private:
  std::chrono::nanoseconds elapsed_{0};
};

}  // namespace tobari
