// SPDX-License-Identifier: GPL-3.0-or-later
// What the probe measures, apart from how it is connected.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tobari::probe {

using Clock = std::chrono::steady_clock;

// Which pixels of the picture have been painted at least once.
class Coverage {
 public:
  void resize(int width, int height);
  void paint(int x, int y, int width, int height);  // what lies outside the picture does not count
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }
  [[nodiscard]] std::string text() const;  // for whoever waited in vain: the size, how many are missing, where first

 private:
  int width_ = 0;
  int height_ = 0;
  std::size_t missing_ = 1;
  std::vector<char> painted_;
};

}  // namespace tobari::probe
