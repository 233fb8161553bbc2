// SPDX-License-Identifier: GPL-3.0-or-later
// Decides when the client is told of another pointer shape. A guest can change it ten thousand times a second, with
// shapes of half a megabyte; only the newest counts, so in between nothing is sent. While the line is free: no more
// often than anybody sees, and kBytesPerSecond. While it is full a shape that comes alone goes at once all the same,
// because a pointer that is wrong is seen at once; a storm of them gets little of the line.
//
// Pure and not thread safe: the caller passes the time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace tobari::display {

class CursorPacer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds kInterval{16};
  static constexpr std::size_t kBytesPerSecond = std::size_t{4} << 20;
  static constexpr std::chrono::milliseconds kIntervalWhenFull{250};
  static constexpr std::size_t kBytesPerSecondWhenFull = std::size_t{64} * 1024;

  // When the next shape may go; the first goes at once.
  [[nodiscard]] Time due(bool line_is_full) const noexcept {
    return line_is_full ? sent_ + wait(kIntervalWhenFull, kBytesPerSecondWhenFull)
                        : sent_ + wait(kInterval, kBytesPerSecond);
  }
  void sent(std::size_t bytes, Time now) noexcept {
    bytes_ = bytes;
    sent_ = now;
  }

 private:
  [[nodiscard]] std::chrono::microseconds wait(std::chrono::microseconds interval, std::size_t rate) const noexcept {
    return std::max(interval, std::chrono::microseconds(bytes_ * 1'000'000 / rate));
  }
  std::size_t bytes_ = 0;
  Time sent_{};
};

}  // namespace tobari::display
