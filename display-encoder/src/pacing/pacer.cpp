// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/pacer.h"

#include <algorithm>
#include <utility>

namespace tobari::display {
namespace {

// Ids count up and wrap around.
bool at_or_before(std::uint32_t a, std::uint32_t b) noexcept { return static_cast<std::int32_t>(a - b) <= 0; }

}  // namespace

void Pacer::reset(bool acknowledges) { *this = Pacer(acknowledges); }

std::size_t Pacer::allowed_in_flight() const noexcept {
  const Duration round_trip = line_.round_trip().value_or(Duration::zero());
  return std::min(kMinInFlight + static_cast<std::size_t>(round_trip / Duration(kFrameInterval)), kMaxInFlight);
}

std::size_t Pacer::window() const noexcept {
  const auto rate = line_.rate();
  if (!rate) return kFirstWindow;
  const double seconds = std::chrono::duration<double>(line_.round_trip().value_or(Duration::zero()) + kQueue).count();
  const double bytes = static_cast<double>(*rate) * seconds * (line_.growing() ? 2.0 : 1.0);
  return static_cast<std::size_t>(std::clamp(bytes, double{kMinWindow}, double{kMaxWindow}));
}

Pacer::Decision Pacer::decide(Time now, std::size_t unsent) {
  if (acknowledges_ && silent_since_ && !ack_latency_ && now - *silent_since_ >= kPatience) {
    acknowledges_ = false;
    forget_all();
  }
  return acknowledges_ ? decide_by_acks(now, unsent) : decide_by_bytes(now, unsent);
}

Pacer::Decision Pacer::decide_by_acks(Time now, std::size_t unsent) {
  const std::size_t room = window();
  // Whatever the client says it has: no more waits here than the line's window.
  if (unsent > room + kMaxUnsentBytes) return not_before(now + kLookAgain);
  if (trip_ == Trip::kDraining && in_flight_.empty()) {
    trip_ = Trip::kProbing;
    return {.go = true, .budget = encoder_bytes(kMinBudget), .again = {}};
  }
  if (trip_ != Trip::kKnown && !in_flight_.empty()) return trickle(now, unsent);
  const bool full = bytes_in_flight_ + std::min(kMinBudget, room / 2) > room;
  if (full) full_at_ = now;
  if (in_flight_.empty() || (!full && in_flight_.size() < allowed_in_flight()))
    return {.go = true, .budget = frame_budget(room, bytes_in_flight_, now), .again = {}};
  if (saturated(now)) trip_ = Trip::kDraining;
  return trickle(now, unsent);
}

// Has the line been full so long that its length was not seen, or was it tried with too much until now?
bool Pacer::saturated(Time now) noexcept {
  const bool settled = !line_.growing();
  const bool just_settled = settled && !std::exchange(settled_, settled);
  return just_settled || (settled && now - trip_seen_ >= kTripProbe);
}

Pacer::Decision Pacer::trickle(Time now, std::size_t unsent) {
  const Time next = next_trickle();
  if (now < next) return not_before(next);
  if (unsent > kTrickleBytes) return not_before(now + kTrickle);
  return {.go = true, .budget = kTrickleBytes, .again = {}};
}

// Something is to be sent and is held back: what is in flight shows how much the line carries.
Pacer::Decision Pacer::not_before(Time next) noexcept {
  for (Frame& frame : in_flight_) frame.mark.busy = true;
  return {.go = false, .budget = 0, .again = next};
}

// Not before what is in flight had its time; then the rarer the longer the client is silent, because what it does not
// read now it must read later.
Pacer::Time Pacer::next_trickle() const noexcept {
  const Time last = last_sent_.value_or(Time{});
  const Time since = silent_since_.value_or(last);
  Duration due = kUnknownTrip;
  if (const auto rate = line_.rate()) {
    const std::chrono::duration<double> passing(static_cast<double>(bytes_in_flight_) / static_cast<double>(*rate));
    due = line_.round_trip().value_or(kUnknownTrip) + std::chrono::duration_cast<Duration>(passing) + kTrickle;
  }
  return std::max(since + std::min<Duration>(due, kMaxWait),
                  last + std::clamp<Duration>((last - since) / 2, kTrickle, kSlowTrickle));
}

// What has left this machine counts as delivered.
Pacer::Decision Pacer::decide_by_bytes(Time now, std::size_t unsent) {
  while (!in_flight_.empty() && in_flight_.front().end + unsent <= sent_bytes_) deliver_oldest(now);
  const std::size_t room = window();
  if (unsent > 0 && unsent + std::min(kMinBudget, room / 2) > room) {
    full_at_ = now;
    return not_before(now + kLookAgain);
  }
  return {.go = true, .budget = frame_budget(room, unsent, now), .again = {}};
}

// All that there is room for, so that a change is seen at once and whole; but on a line that is full, or not known, a
// part of the window: with all of it in one frame the line would rest until that one is acknowledged.
std::size_t Pacer::frame_budget(std::size_t room, std::size_t used, Time now) const noexcept {
  const Duration round = line_.round_trip().value_or(Duration::zero()) + kQueue;
  const bool full = full_at_ && now - *full_at_ < 2 * round;
  const std::size_t parts = full || !line_.rate() ? std::min(allowed_in_flight(), kFramesInWindow) : 1;
  return encoder_bytes(std::max(std::min(room / parts, room - std::min(room, used)), kMinBudget));
}

std::size_t Pacer::encoder_bytes(std::size_t bytes) const noexcept {
  return static_cast<std::size_t>(static_cast<double>(bytes) * shrinking_);
}

void Pacer::written(std::uint32_t frame, std::size_t bytes) {
  const auto found = std::ranges::find(in_flight_, frame, &Frame::id);
  if (found == in_flight_.end() || bytes == 0) return;
  const double ratio = static_cast<double>(found->bytes) / static_cast<double>(bytes);
  if (bytes >= kMinBudget) shrinking_ = std::clamp((7 * shrinking_ + ratio) / 8, 1.0, kMaxShrinking);
  const std::size_t before = found->bytes;
  found->bytes = bytes;
  bytes_in_flight_ += bytes - before;  // either sign
  if (found->urgency == Urgency::kPrompt) prompt_bytes_ += bytes - before;
  sent_bytes_ += bytes - before;
  for (auto later = found; later != in_flight_.end(); ++later) later->end += bytes - before;
}

bool Pacer::go_prompt(std::size_t unsent) const noexcept {
  return acknowledges_ && unsent <= window() + kMaxUnsentBytes &&
         prompt_in_flight_ < std::max(kMaxPrompt, allowed_in_flight()) &&
         prompt_bytes_ < std::max(kMaxPrompt * kPromptBytes, window() / 2);
}

void Pacer::sent(std::uint32_t frame, std::size_t bytes, bool more, Time now, Urgency urgency) {
  last_sent_ = now;
  sent_bytes_ += bytes;
  if (!silent_since_) silent_since_ = now;
  const bool nothing = in_flight_.empty();
  in_flight_.push_back({frame, bytes, sent_bytes_, urgency, nothing, line_.mark(now, nothing, more)});
  bytes_in_flight_ += bytes;
  if (urgency == Urgency::kPrompt) {
    ++prompt_in_flight_;
    prompt_bytes_ += bytes;
  }
  if (in_flight_.size() > kRemembered) forget_oldest();
}

void Pacer::acknowledged(std::uint32_t up_to, Time now) {
  acknowledges_ = graphics_;
  if (in_flight_.empty() || !at_or_before(in_flight_.front().id, up_to) || !at_or_before(up_to, in_flight_.back().id))
    return;
  while (!in_flight_.empty() && at_or_before(in_flight_.front().id, up_to)) {
    const Duration latency = now - in_flight_.front().mark.sent;
    ack_latency_ = ack_latency_ ? (*ack_latency_ * 7 + latency) / 8 : latency;
    learn_trip(in_flight_.front(), latency, now);
    deliver_oldest(now);
  }
  silent_since_ = in_flight_.empty() ? std::nullopt : std::optional(now);
}

// A frame that had the line for itself shows its length, but for the time that it took to pass.
void Pacer::learn_trip(const Frame& frame, Duration latency, Time now) {
  if (frame.alone) {
    const auto rate = line_.rate();
    if (rate && settled_) {
      const std::chrono::duration<double> passing(static_cast<double>(frame.bytes) / static_cast<double>(*rate));
      latency -= std::min(std::chrono::duration_cast<Duration>(passing), latency / 2);
    }
    trip_seen_ = now;
    trip_ = Trip::kKnown;
  }
  line_.round_trip(latency, now);
}

void Pacer::deliver_oldest(Time now) {
  line_.delivered(in_flight_.front().mark, in_flight_.front().bytes, now);
  forget_oldest();
}

void Pacer::forget_oldest() {
  bytes_in_flight_ -= in_flight_.front().bytes;
  if (in_flight_.front().urgency == Urgency::kPrompt) {
    --prompt_in_flight_;
    prompt_bytes_ -= in_flight_.front().bytes;
  }
  in_flight_.pop_front();
}

void Pacer::forget_all() {
  while (!in_flight_.empty()) forget_oldest();
  trip_ = Trip::kKnown;
  silent_since_.reset();
}

// What is in flight will never be acknowledged; counting it would freeze the session when acknowledging resumes.
void Pacer::acks_suspended() {
  acknowledges_ = false;
  forget_all();
}

}  // namespace tobari::display
