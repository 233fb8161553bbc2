// SPDX-License-Identifier: GPL-3.0-or-later
// What the line to the client carries and how long it is, learned from when frames were acknowledged.
//
// Rate: bytes acknowledged over the time that it took, from the acknowledgement that came before the frame was sent; or
// the time that sending them took, whichever is longer, so that acknowledgements in a bunch do not look like a fast
// line. While the line is not kept busy such a sample says only "at least": it raises the estimate and never lowers it.
// The estimate is the largest of the last kRateMemory.
//
// Round trip: the shortest of the last kTripMemory, of whatever was measured. The client's decoding is part of it, as
// it is part of what a person waits for.
//
// End to end on purpose: a gateway ends the TCP connection, so what the kernel knows is the way to the gateway only.
// Pure and not thread safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace tobari::display {

class LineEstimate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr std::chrono::seconds kRateMemory{4};
  static constexpr std::chrono::seconds kTripMemory{60};
  static constexpr std::chrono::seconds kMaxRoundTrip{2};         // a longer one is a client that lies or sleeps
  static constexpr std::size_t kMinRate = std::size_t{2} * 1024;  // bytes a second: what nobody's line is below
  static constexpr std::size_t kMaxRate = std::size_t{4} * 1024 * 1024 * 1024;  // beyond it nothing depends on it
  static constexpr std::chrono::microseconds kShortest{50};  // acknowledged sooner: no sample but noise

  // What is remembered of a frame when it is sent.
  struct Mark {
    Time sent{};
    std::size_t delivered = 0;  // bytes acknowledged until then
    Time delivered_at{};
    Time first_sent{};  // when what was delivered last had been sent
    bool busy = false;  // more was to be sent than the pacer let through: the line was kept full
  };
  [[nodiscard]] Mark mark(Time now, bool nothing_in_flight, bool busy);
  void delivered(const Mark& frame, std::size_t bytes, Time now);
  void round_trip(Duration measured, Time now);

  // Bytes a second; none: nothing was acknowledged yet.
  [[nodiscard]] std::optional<std::size_t> rate() const noexcept;
  [[nodiscard]] std::optional<Duration> round_trip() const noexcept;
  // The first rounds, in which the estimate still grows: the line is tried with more than was seen to pass.
  [[nodiscard]] bool growing() const noexcept { return rounds_without_growth_ < kRoundsToSettle; }

 private:
  static constexpr int kRoundsToSettle = 2;
  void add_rate(std::size_t sample, bool busy, Time now);
  void count_round(const Mark& frame);

  std::size_t delivered_ = 0;
  Time delivered_at_{};
  Time delivered_sent_{};
  // Two halves of the memory: the present one and the one before it.
  std::optional<std::size_t> rate_now_;
  std::optional<std::size_t> rate_before_;
  Time rate_since_{};
  std::optional<Duration> trip_now_;
  std::optional<Duration> trip_before_;
  Time trip_since_{};
  std::size_t round_end_ = 0;  // of delivered_: a round is over when a frame sent after this is acknowledged
  std::size_t rate_at_round_ = 0;
  int rounds_without_growth_ = 0;
};

}  // namespace tobari::display
