// SPDX-License-Identifier: GPL-3.0-or-later
// Decides whether a packet of sound may go out now, or is late and dropped. Sound is worth nothing later, so what the
// line does not take is left out rather than queued: the client hears a gap, and after it what is played now.
//
// What counts is the age of the oldest packet that the client has not confirmed. The line's own share of it is the
// quickest confirmation of the last one to two kWindow (kMaxLine at most); kAllowance beyond it is what may wait. Once
// that is used up, nothing goes out until everything is confirmed: one gap, in which the queue empties, instead of
// many, in which it stays full. A client that confirms nothing for kForgotten is believed to have lost what it was
// sent.
//
// Pure and not thread safe: the caller passes the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace tobari::display {

class AudioPacer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr std::chrono::milliseconds kAllowance{100};
  static constexpr std::chrono::milliseconds kMaxLine{400};
  static constexpr std::chrono::seconds kWindow{1};
  static constexpr std::chrono::seconds kForgotten{2};
  // Blocks have one octet as their number; far fewer are ever under way.
  static constexpr std::size_t kMaxInFlight = 128;

  // What a first round trip took, before any sound.
  void reset(Duration round_trip);

  // False: the packet is late, drop it.
  [[nodiscard]] bool admit(Time now);
  void sent(std::uint8_t block, Time now);
  // Confirms this block and all before it; one that is not under way (any more) is ignored, clients confirm twice.
  void confirmed(std::uint8_t block, Time now);

  [[nodiscard]] Duration line() const noexcept { return line_; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }  // packets
  [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }        // times that dropping began

 private:
  struct Packet {
    std::uint8_t block;
    Time sent;
  };
  std::deque<Packet> in_flight_;
  Time progress_{};  // when the client last confirmed, or had nothing to confirm
  void measured(Duration took, Time now);

  Duration line_{};
  Duration former_window_{};  // the quickest in it
  Duration window_{};         // and in this one
  std::optional<Time> window_from_;
  bool draining_ = false;
  std::uint64_t dropped_ = 0;
  std::uint64_t gaps_ = 0;
};

}  // namespace tobari::display
