// SPDX-License-Identifier: GPL-3.0-or-later
// One direction of a line as arithmetic: bytes leave one after the other at the line's rate, and arrive a fixed time
// later. Nothing is lost and nothing overtakes. The same calls at the same times give the same result.
// No clock, no I/O, not thread safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace tobari::testing {

struct LineShape {
  std::uint64_t bits_a_second = 1'000'000'000;
  std::chrono::microseconds one_way{0};
  std::size_t queue_bytes = std::size_t{64} * 1024;  // that wait for the line; the sender is not read from beyond it
};

class ShapedLine {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit ShapedLine(LineShape shape) : shape_(shape) {}

  // From now on; what is under way goes on as it is.
  void reshape(LineShape shape) { shape_ = shape; }
  // Nothing leaves or arrives until resume(); everything is then later by that time.
  void stall(Time now);
  void resume(Time now);
  [[nodiscard]] bool stalled() const noexcept { return stalled_at_.has_value(); }

  [[nodiscard]] std::size_t room(Time now) const;                      // bytes that push() takes
  void push(std::span<const std::byte> bytes, Time now);               // at most room(now)
  void take(Time now, std::size_t most, std::vector<std::byte>& out);  // appends what has arrived
  [[nodiscard]] std::size_t held() const noexcept { return bytes_.size() - taken_; }
  [[nodiscard]] std::optional<Time> next_arrival() const;  // none: nothing is under way, or stalled

 private:
  struct Segment {
    std::size_t bytes;
    Time leaves;
    Time arrives;
  };
  [[nodiscard]] Time line_time(Time now) const { return stalled_at_.value_or(now); }
  [[nodiscard]] std::size_t segment_bytes() const;
  [[nodiscard]] Duration time_for(std::size_t bytes) const;

  LineShape shape_;
  std::deque<Segment> segments_;
  std::vector<std::byte> bytes_;  // of all segments, from taken_ on
  std::size_t taken_ = 0;
  Time free_at_{};  // when the last byte has left
  std::optional<Time> stalled_at_;
};

}  // namespace tobari::testing
