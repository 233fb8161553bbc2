// SPDX-License-Identifier: GPL-3.0-or-later
// What the probe measures, apart from how it is connected.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tobari::probe {

using Clock = std::chrono::steady_clock;

// Which parts of the picture have been painted at least once, in cells of 16x16 pixels.
class Coverage {
 public:
  void resize(int width, int height);
  void paint(int x, int y, int width, int height);  // counts the cells that the rectangle covers whole or to the edge
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

 private:
  int width_ = 0;
  int height_ = 0;
  int columns_ = 0;
  std::size_t missing_ = 1;
  std::vector<bool> painted_;
};

// Samples in milliseconds.
class Samples {
 public:
  void add(Clock::duration d) { ms_.push_back(std::chrono::duration<double, std::milli>(d).count()); }
  [[nodiscard]] std::size_t size() const noexcept { return ms_.size(); }
  [[nodiscard]] std::string json() const;  // {"n":..,"p50":..,"p95":..,"p99":..,"max":..}

 private:
  std::vector<double> ms_;
};

}  // namespace tobari::probe
