// SPDX-License-Identifier: GPL-3.0-or-later
// Counts what a DisplaySession does, into DisplayStats. Pure and not thread safe: the session calls it with its lock
// held and passes the time. Constant memory; some hundred nanoseconds a frame (bench_display: stats_frame).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tobari/display/display_stats.h>
#include <tobari/display/display_transport.h>

namespace tobari::display {

class StatsRecorder {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // A press that is answered later than this was answered by something else.
  static constexpr std::chrono::seconds kAnswerWithin{1};
  // Frames of which it is remembered when they were handed over; older ones are not measured any more.
  static constexpr std::size_t kRemembered = 64;

  void begin_client(Time now);  // also when there was one
  void end_client(Time now);

  struct Sent {
    FrameId id = 0;
    std::size_t screen = 0;
    Duration encoding{};
    bool inexact = false;         // something is still to be sent, or to be sent again without loss
    std::optional<Time> pressed;  // the key or button that this frame answers
    std::size_t unsent = 0;       // bytes, with this frame
    std::size_t in_flight = 0;    // frames, with this one
  };
  void sent(const EncodedFrame& frame, const Sent& about, Time now);
  void left(FrameId up_to, Time now);  // frames up to this one are on their way
  void acknowledged(FrameId up_to, Time now);

  // Of the client that is, or was last, connected.
  [[nodiscard]] DisplayStats of_client(Time now) const;
  [[nodiscard]] DisplayStats of_all(Time now) const;

 private:
  struct Frame {
    FrameId id = 0;
    std::size_t screen = 0;
    Time sent{};
    std::optional<Time> pressed;
    bool awaited = false;  // its acknowledgement
  };

  DisplayStats past_;     // of clients before
  DisplayStats current_;  // without `observed`
  std::optional<Time> since_;
  std::chrono::milliseconds observed_{0};  // of the client before, once it has gone
  std::array<Frame, kRemembered> frames_{};
  std::size_t next_ = 0;
};

}  // namespace tobari::display
