// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tobari::testing {

// Times, told as percentiles in milliseconds.
class Samples {
 public:
  void add(std::chrono::steady_clock::duration d) {
    ms_.push_back(std::chrono::duration<double, std::milli>(d).count());
  }
  void clear() noexcept { ms_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return ms_.size(); }
  [[nodiscard]] std::string json() const;  // {"n":..,"p50":..,"p95":..,"p99":..,"max":..}; -1: none

 private:
  std::vector<double> ms_;
};

}  // namespace tobari::testing
