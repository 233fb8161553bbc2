// SPDX-License-Identifier: GPL-3.0-or-later
// Decides whether the next frame may be encoded now and how large it may be. A frame, once encoded, must be sent,
// because encoders mirror the client's state; so a slow client is noticed here, before encoding, while damage goes on
// being merged, and the latest picture wins.
//
// The window: as many bytes may be in flight as the line carries within its round trip and kQueue more. What is beyond
// would only wait in somebody's buffer and be old when it is seen. Frames are counted too, so that a client that
// decodes slowly is not flooded with small ones. How much passes is learned from acknowledgements (line_estimate.h);
// until the first comes, kFirstWindow.
//
// A line that is always full hides its length behind its queue, and a length taken too large makes the queue longer. So
// when the first growth is over, and every kTripProbe while nothing else shows it, the line is let run empty and one
// small frame measures it.
//
// What a person waits for goes first: after a key press a small change may pass a full window (go_prompt), a few of
// them at a time.
//
// A trickle always flows, because some clients acknowledge a frame only when the next one comes: without a word from
// the client one small frame goes out now and then, more rarely the longer it is silent. Clients that do not
// acknowledge (bitmap updates, suspended, never) are judged by what has left this machine (`unsent`), in the same way.
//
// Pure and not thread safe: the caller passes the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "pacing/line_estimate.h"

namespace tobari::display {

class Pacer {
 public:
  using Time = LineEstimate::Time;
  using Duration = LineEstimate::Duration;

  static constexpr std::chrono::milliseconds kQueue{50};
  static constexpr std::size_t kFirstWindow = std::size_t{64} * 1024;
  static constexpr std::size_t kMinWindow = std::size_t{4} * 1024;
  static constexpr std::size_t kMaxWindow = std::size_t{8} << 20;
  static constexpr std::size_t kMinBudget = 1024;    // of one frame: less is not worth its headers
  static constexpr std::size_t kFramesInWindow = 8;  // a frame's budget is such a part, or more
  static constexpr double kMaxShrinking = 16;        // what bulk compression is trusted to do
  static constexpr std::size_t kMinInFlight = 2;     // frames: one at the client, one under way
  static constexpr std::size_t kMaxInFlight = 32;
  static constexpr std::chrono::milliseconds kFrameInterval{16};  // what a client shows at most

  static constexpr std::chrono::seconds kTripProbe{20};

  static constexpr std::size_t kPromptBytes = 1024;  // of one prompt frame
  static constexpr std::size_t kMaxPrompt = 3;       // in flight beyond the window

  static constexpr std::chrono::milliseconds kTrickle{100};
  static constexpr std::chrono::milliseconds kSlowTrickle{2000};
  static constexpr std::size_t kTrickleBytes = std::size_t{16} * 1024;

  static constexpr std::chrono::seconds kUnknownTrip{1};  // what in flight is given before a line is known
  static constexpr std::chrono::seconds kMaxWait{10};

  // Given to the transport and still on this machine, beyond the window, whatever the client acknowledges.
  static constexpr std::size_t kMaxUnsentBytes = std::size_t{64} * 1024;
  static constexpr std::chrono::milliseconds kLookAgain{10};
  // A client that has not acknowledged anything for so long, although it was sent frames, is one that never does.
  static constexpr std::chrono::seconds kPatience{5};

  Pacer() = default;
  // The client starts anew; nothing is known of its line.
  void reset(bool acknowledges);

  struct Decision {
    bool go = false;
    std::size_t budget = 0;     // when go: bytes that the frame should have at most
    std::optional<Time> again;  // when go is false: ask again then at the latest; none: an event will come
  };
  // `unsent`: bytes given to the transport that have not left this machine.
  [[nodiscard]] Decision decide(Time now, std::size_t unsent);
  // decide() said no; may a small change that answers a person go nevertheless?
  [[nodiscard]] bool go_prompt(std::size_t unsent) const noexcept;

  enum class Urgency : std::uint8_t { kOrdinary, kPrompt };
  // `more`: something is left to be sent, so the line is kept busy from now on.
  void sent(std::uint32_t frame, std::size_t bytes, bool more, Time now, Urgency urgency = Urgency::kOrdinary);
  // The frame is now so many bytes for the line.
  void written(std::uint32_t frame, std::size_t bytes);
  // Ids that are not in flight are ignored: a client may acknowledge twice, and a hostile one what it likes.
  void acknowledged(std::uint32_t up_to, Time now);
  void acks_suspended();
  void round_trip(Duration measured, Time now) { line_.round_trip(measured, now); }

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::size_t bytes_in_flight() const noexcept { return bytes_in_flight_; }
  [[nodiscard]] std::size_t allowed_in_flight() const noexcept;  // frames
  [[nodiscard]] std::size_t window() const noexcept;             // bytes
  // What the line carries, bytes a second; none: not known yet.
  [[nodiscard]] std::optional<std::size_t> line_rate() const noexcept { return line_.rate(); }
  // The same once the line was seen full and gave no more; before that the rate only says "at least".
  [[nodiscard]] std::optional<std::size_t> full_line_rate() const noexcept {
    return line_.growing() ? std::nullopt : line_.rate();
  }
  [[nodiscard]] std::optional<Duration> round_trip() const noexcept { return line_.round_trip(); }
  [[nodiscard]] std::optional<Duration> ack_latency() const noexcept { return ack_latency_; }

 private:
  static constexpr std::size_t kRemembered = 64;  // frames without an answer; older ones are forgotten
  struct Frame {
    std::uint32_t id = 0;
    std::size_t bytes = 0;
    std::size_t end = 0;  // of sent_bytes_
    Urgency urgency = Urgency::kOrdinary;
    bool alone = false;  // nothing was in flight when it was sent
    LineEstimate::Mark mark;
  };

  explicit Pacer(bool acknowledges) : acknowledges_(acknowledges), graphics_(acknowledges) {}
  [[nodiscard]] Decision decide_by_acks(Time now, std::size_t unsent);
  [[nodiscard]] Decision decide_by_bytes(Time now, std::size_t unsent);
  [[nodiscard]] Decision trickle(Time now, std::size_t unsent);
  [[nodiscard]] Decision not_before(Time next) noexcept;
  [[nodiscard]] bool saturated(Time now) noexcept;
  void learn_trip(const Frame& frame, Duration latency, Time now);
  [[nodiscard]] Time next_trickle() const noexcept;
  // Of `bytes` for the line, what an encoder may make before they are compressed.
  [[nodiscard]] std::size_t encoder_bytes(std::size_t bytes) const noexcept;
  [[nodiscard]] std::size_t frame_budget(std::size_t room, std::size_t used, Time now) const noexcept;
  void deliver_oldest(Time now);
  void forget_oldest();
  void forget_all();

  enum class Trip : std::uint8_t { kKnown, kDraining, kProbing };

  bool acknowledges_ = false;  // judged by acknowledgements
  bool graphics_ = false;      // it could acknowledge
  LineEstimate line_;
  Trip trip_ = Trip::kKnown;
  Time trip_seen_{};      // when a frame had the line for itself
  bool settled_ = false;  // the first growth was over when last asked
  std::deque<Frame> in_flight_;
  std::size_t bytes_in_flight_ = 0;
  std::size_t prompt_in_flight_ = 0;
  std::size_t prompt_bytes_ = 0;
  std::optional<Time> full_at_;  // when the window was last full
  double shrinking_ = 1;         // an encoder's bytes to the line's, lately
  std::size_t sent_bytes_ = 0;   // all of them
  std::optional<Time> last_sent_;
  std::optional<Time> silent_since_;     // when the first frame was sent that the client has said nothing after
  std::optional<Duration> ack_latency_;  // smoothed, from send to acknowledgement
};

}  // namespace tobari::display
