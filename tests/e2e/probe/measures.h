// SPDX-License-Identifier: GPL-3.0-or-later
// What the probe measures, apart from how it is connected.
#pragma once

#include <chrono>
#include <cstddef>
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

}  // namespace tobari::probe
