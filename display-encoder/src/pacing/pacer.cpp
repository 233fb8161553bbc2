// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/pacer.h"

#include <algorithm>

namespace tobari::display {
namespace {

constexpr std::size_t kRemembered = 64;  // frames without an answer; older ones are forgotten

// Ids count up and wrap around.
bool at_or_before(std::uint32_t a, std::uint32_t b) noexcept { return static_cast<std::int32_t>(a - b) <= 0; }

}  // namespace

void Pacer::reset(bool acknowledges) {
  acknowledges_ = acknowledges;
  suspended_ = false;
  in_flight_.clear();
  bytes_in_flight_ = 0;
  last_sent_.reset();
  ack_latency_.reset();
}

std::size_t Pacer::allowed_in_flight() const noexcept {
  const auto round_trip = std::clamp<Duration>(round_trip_.value_or(Duration::zero()), Duration::zero(), kMaxRoundTrip);
  const auto frames = static_cast<std::size_t>(round_trip / Duration(kFrameInterval));
  return std::min(kMinInFlight + frames, kMaxInFlight);
}

Pacer::Decision Pacer::decide(Time now, std::size_t unsent_bytes) const {
  if (unsent_bytes > kMaxUnsentBytes) return {};  // the transport says when it has drained
  const bool heavy = bytes_in_flight_ > kHeavyBytes;
  if (!acknowledges_ || suspended_) return {.go = true, .again = {}};
  if (!heavy && in_flight_.size() < allowed_in_flight()) return {.go = true, .again = {}};
  const Time next = last_sent_.value_or(Time{}) + (heavy ? kSlowTrickle : kTrickle);
  if (now >= next) return {.go = true, .again = {}};
  return {.go = false, .again = next};
}

void Pacer::sent(std::uint32_t frame, std::size_t bytes, Time now) {
  last_sent_ = now;
  if (!acknowledges_ || suspended_) return;
  in_flight_.push_back({frame, bytes, now});
  bytes_in_flight_ += bytes;
  if (in_flight_.size() > kRemembered) forget_oldest();
}

void Pacer::acknowledged(std::uint32_t up_to, Time now) {
  suspended_ = false;
  while (!in_flight_.empty() && at_or_before(in_flight_.front().id, up_to)) {
    const Duration latency = now - in_flight_.front().sent;
    ack_latency_ = ack_latency_ ? (*ack_latency_ * 7 + latency) / 8 : latency;
    forget_oldest();
  }
}

void Pacer::forget_oldest() {
  bytes_in_flight_ -= in_flight_.front().bytes;
  in_flight_.pop_front();
}

// What is in flight will never be acknowledged; counting it would freeze the session when acknowledging resumes.
void Pacer::acks_suspended() {
  suspended_ = true;
  in_flight_.clear();
  bytes_in_flight_ = 0;
}

void Pacer::round_trip(Duration measured) {
  if (measured < Duration::zero()) return;
  round_trip_ = round_trip_ ? (*round_trip_ * 3 + measured) / 4 : measured;
}

}  // namespace tobari::display
