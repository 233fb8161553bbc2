// SPDX-License-Identifier: GPL-3.0-or-later
// How often, and how soon, something that died is started again. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>

namespace tobari::vmhost {

class RestartBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Limits {
    int deaths = 5;                                                   // this many ...
    std::chrono::milliseconds window = std::chrono::minutes(10);      // ... within this: given up
    std::chrono::milliseconds first_pause = std::chrono::seconds(1);  // before the second start; doubles
    std::chrono::milliseconds longest_pause = std::chrono::seconds(30);
  };

  explicit RestartBudget(Limits limits) : limits_(limits) {}

  // It died. When it may be started again (the first time at once); empty: never, until reset().
  [[nodiscard]] std::optional<Time> died(Time now) {
    while (!deaths_.empty() && now - deaths_.front() > limits_.window) deaths_.pop_front();
    deaths_.push_back(now);
    const auto count = static_cast<int>(deaths_.size());
    if (count >= limits_.deaths) return std::nullopt;
    if (count == 1) return now;
    std::chrono::milliseconds pause = limits_.first_pause;
    for (int i = 2; i < count && pause < limits_.longest_pause; ++i) pause *= 2;
    return now + std::min(pause, limits_.longest_pause);
  }

  void reset() { deaths_.clear(); }
  void set_limits(Limits limits) { limits_ = limits; }  // what has died before counts

 private:
  Limits limits_;
  std::deque<Time> deaths_;
};

}  // namespace tobari::vmhost
