// SPDX-License-Identifier: GPL-3.0-or-later
// What a client makes of a workload's frames: how late each was seen, how old what is shown is, how soon a key was
// answered, how near the picture is while it moves and when it is exact at rest. Any kind of client tells it what it
// shows. Not thread safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "frames/ledger.h"
#include "frames/samples.h"

namespace tobari::testing {

// What a client shows, 4 bytes B, G, R, X a pixel.
struct Shown {
  const std::byte* pixels = nullptr;
  std::size_t stride = 0;
  int width = 0;
  int height = 0;
};

class FrameWatch {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FrameWatch(FrameLedger& ledger) : ledger_(ledger) {}

  void begin();  // of the measured time: what came before does not count
  void painted(const Shown& shown, Clock::time_point now);
  void tick(Clock::time_point now);  // often, also while nothing is painted; `shown` of the last painting is looked at
  void key_sent(Clock::time_point now) { keys_.push_back(now); }
  [[nodiscard]] Clock::time_point shown_drawn_at() const noexcept;
  [[nodiscard]] bool started() const noexcept { return last_ != 0; }  // a frame of the workload was seen

  // "frames":..,"asked":..,"latency_ms":{..},"age_ms":{..},"key_ms":{..},"exact_ms":{..},"rests":..,"psnr_db":..
  [[nodiscard]] std::string json() const;

 private:
  // Comparing a whole picture takes a client longer than painting a piece of it, so it is done when no piece comes.
  static constexpr std::chrono::milliseconds kQuiet{4};

  void new_frame(std::uint32_t number, Clock::time_point now);
  void look_whether_exact(Clock::time_point now);
  void compare(const Shown& shown, std::uint32_t number);

  FrameLedger& ledger_;
  std::uint32_t first_ = 0;  // drawn before the measured time
  std::uint32_t last_ = 0;   // shown
  std::uint32_t keys_answered_ = 0;
  std::optional<std::uint32_t> keys_before_;
  std::size_t frames_ = 0;
  std::size_t rests_ = 0;
  std::optional<std::uint32_t> inexact_;  // the frame at rest that is not seen exactly yet
  Shown shown_;
  std::optional<Clock::time_point> unseen_since_;  // painted then, and not compared yet
  double squares_ = 0;                             // of the error, a pixel's colour
  std::size_t compared_ = 0;
  Samples latency_;
  Samples age_;
  Samples key_;
  Samples exact_;
  std::vector<Clock::time_point> keys_;
};

}  // namespace tobari::testing
