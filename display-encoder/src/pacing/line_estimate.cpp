// SPDX-License-Identifier: GPL-3.0-or-later
#include "pacing/line_estimate.h"

#include <algorithm>

namespace tobari::display {
namespace {

template <class T, class Pick>
std::optional<T> pick(const std::optional<T>& a, const std::optional<T>& b, Pick better) {
  if (!a || !b) return a ? a : b;
  return better(*a, *b);
}

}  // namespace

LineEstimate::Mark LineEstimate::mark(Time now, bool nothing_in_flight, bool busy) {
  if (nothing_in_flight) delivered_at_ = delivered_sent_ = now;  // the line rested: that time is not the line's
  return {
      .sent = now, .delivered = delivered_, .delivered_at = delivered_at_, .first_sent = delivered_sent_, .busy = busy};
}

void LineEstimate::delivered(const Mark& frame, std::size_t bytes, Time now) {
  delivered_ += bytes;
  delivered_at_ = now;
  delivered_sent_ = frame.sent;
  const Duration took = std::max({now - frame.delivered_at, frame.sent - frame.first_sent, Duration(kShortest)});
  const double seconds = std::chrono::duration<double>(took).count();
  const double sample = static_cast<double>(delivered_ - frame.delivered) / seconds;
  add_rate(static_cast<std::size_t>(std::clamp(sample, double{kMinRate}, double{kMaxRate})), frame.busy, now);
  count_round(frame);
}

void LineEstimate::add_rate(std::size_t sample, bool busy, Time now) {
  // A line that rests keeps what is known of it.
  if (busy && now - rate_since_ >= kRateMemory / 2) {
    rate_before_ = rate_now_;
    rate_now_.reset();
    rate_since_ = now;
  }
  const auto known = rate();
  if (busy || !known || sample > *known) rate_now_ = std::max(rate_now_.value_or(0), sample);
}

void LineEstimate::count_round(const Mark& frame) {
  if (frame.delivered < round_end_) return;
  round_end_ = delivered_;
  const std::size_t known = rate().value_or(0);
  if (known > rate_at_round_ + rate_at_round_ / 4) {
    rate_at_round_ = known;
    rounds_without_growth_ = 0;
  } else if (frame.busy) {
    rounds_without_growth_ = std::min(rounds_without_growth_ + 1, kRoundsToSettle);
  }
}

void LineEstimate::round_trip(Duration measured, Time now) {
  if (measured < Duration::zero()) return;
  measured = std::min<Duration>(measured, kMaxRoundTrip);
  if (now - trip_since_ >= kTripMemory / 2) {
    trip_before_ = trip_now_;
    trip_now_.reset();
    trip_since_ = now;
  }
  trip_now_ = std::min(trip_now_.value_or(measured), measured);
}

std::optional<std::size_t> LineEstimate::rate() const noexcept {
  return pick(rate_now_, rate_before_, [](auto a, auto b) { return std::max(a, b); });
}

std::optional<LineEstimate::Duration> LineEstimate::round_trip() const noexcept {
  return pick(trip_now_, trip_before_, [](auto a, auto b) { return std::min(a, b); });
}

}  // namespace tobari::display
