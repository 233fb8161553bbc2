// SPDX-License-Identifier: GPL-3.0-or-later
// The displays of this host in figures: what each does now, and all of them together since the agent was started. Loop
// thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "metrics/display_totals.h"

namespace tobari::vmhost {

class DisplayFigures {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  struct Display {
    wire::Statistics newest;
    Steady at;
    bool reported = false;
    bool adopted = false;  // it counted before this agent was there
    DisplayRates rates;
  };

  // `name` is the process', of one desktop or one wall; one at a time.
  void started(const std::string& name) { displays_[name] = {}; }
  // What it did before is in the sums of the agent that it had then.
  void adopted(const std::string& name) {
    displays_[name] = {};
    displays_[name].adopted = true;
    ++adopted_;
  }
  void reported(const std::string& name, const wire::Statistics& statistics, Steady now);
  void ended(const std::string& name) {
    if (displays_.erase(name) > 0) ++ends_;
  }

  [[nodiscard]] const DisplayTotals& totals() const noexcept { return totals_; }
  [[nodiscard]] const std::map<std::string, Display>& displays() const noexcept { return displays_; }
  [[nodiscard]] std::uint64_t taken_over() const noexcept { return adopted_; }
  [[nodiscard]] std::uint64_t ends() const noexcept { return ends_; }  // of processes, for whatever reason

 private:
  std::map<std::string, Display> displays_;
  DisplayTotals totals_;
  std::uint64_t ends_ = 0;
  std::uint64_t adopted_ = 0;
};

}  // namespace tobari::vmhost
