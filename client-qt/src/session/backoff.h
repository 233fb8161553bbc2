// SPDX-License-Identifier: GPL-3.0-or-later
// How long to wait before the next try. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace tobari::client {

// At once, then 250 ms, doubling up to 8 s: a display process that was started anew is there in the first two seconds.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{250};
  static constexpr std::chrono::milliseconds kMost{8000};

  [[nodiscard]] std::chrono::milliseconds next() {
    const auto now = wait_;
    wait_ = wait_.count() == 0 ? kFirst : std::min(wait_ * 2, kMost);
    ++tries_;
    return now;
  }
  void reset() { *this = Backoff(); }
  [[nodiscard]] int tries() const { return tries_; }

 private:
  std::chrono::milliseconds wait_{0};
  int tries_ = 0;
};

}  // namespace tobari::client
