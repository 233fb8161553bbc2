// SPDX-License-Identifier: GPL-3.0-or-later
// Decides whether the next frame may be encoded now. A frame, once encoded, must be sent, because encoders mirror the
// client's state; so a slow client is noticed here, before encoding, while damage goes on being merged.
//
// Three brakes. Unsent bytes: nothing new while much of the last frames is still on this machine. Frames in flight: no
// more than the line's round trip explains, judged by the latest acknowledged id (clients skip some). Bytes in flight:
// the network's buffers and the client's hold megabytes, and a picture that waits there is an old one.
// The last two never hold for good: some clients acknowledge a frame only when the next one comes, so after kTrickle
// without a frame (kSlowTrickle when much is in flight) one more goes out.
//
// Pure and not thread safe: the caller passes the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace tobari::display {

class Pacer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr std::size_t kMaxUnsentBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMinInFlight = 2;
  static constexpr std::size_t kMaxInFlight = 12;
  static constexpr std::chrono::milliseconds kFrameInterval{16};       // what a client shows at most
  static constexpr std::size_t kHeavyBytes = std::size_t{512} * 1024;  // in flight
  static constexpr std::chrono::milliseconds kTrickle{100};
  static constexpr std::chrono::milliseconds kSlowTrickle{1000};
  static constexpr std::chrono::seconds kMaxRoundTrip{2};  // a longer one is a client that lies or sleeps

  // The client starts anew. Without acknowledgements only the bytes count.
  void reset(bool acknowledges);

  struct Decision {
    bool go = false;
    std::optional<Time> again;  // when go is false: ask again then at the latest; none: an event will come
  };
  [[nodiscard]] Decision decide(Time now, std::size_t unsent_bytes) const;

  void sent(std::uint32_t frame, std::size_t bytes, Time now);
  void acknowledged(std::uint32_t up_to, Time now);
  void acks_suspended();
  void round_trip(Duration measured);

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::size_t allowed_in_flight() const noexcept;
  [[nodiscard]] std::optional<Duration> ack_latency() const noexcept { return ack_latency_; }

 private:
  void forget_oldest();
  struct Frame {
    std::uint32_t id;
    std::size_t bytes;
    Time sent;
  };

  bool acknowledges_ = false;
  bool suspended_ = false;
  std::deque<Frame> in_flight_;
  std::size_t bytes_in_flight_ = 0;
  std::optional<Time> last_sent_;
  std::optional<Duration> round_trip_;
  std::optional<Duration> ack_latency_;  // smoothed, from send to acknowledgement
};

}  // namespace tobari::display
