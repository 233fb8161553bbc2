// SPDX-License-Identifier: GPL-3.0-or-later
#include "stats/stats_recorder.h"

#include <algorithm>

namespace tobari::display {
namespace {

std::uint64_t microseconds(StatsRecorder::Duration d) noexcept {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  return us < 0 ? 0 : static_cast<std::uint64_t>(us);
}

// Ids count up and wrap around.
bool at_or_before(FrameId a, FrameId b) noexcept { return static_cast<std::int32_t>(a - b) <= 0; }

std::uint64_t pixels_of(const EncodedRect& rect) noexcept {
  if (rect.regions.empty()) return static_cast<std::uint64_t>(rect.rect.area());
  std::uint64_t sum = 0;
  for (const Rect& part : rect.regions) sum += static_cast<std::uint64_t>(part.area());
  return sum;
}

}  // namespace

void StatsRecorder::begin_client(Time now) {
  end_client(now);
  past_ = of_all(now);
  current_ = {};
  current_.connected = true;
  observed_ = {};
  since_ = now;
  frames_ = {};
}

void StatsRecorder::end_client(Time now) {
  if (!since_) return;
  observed_ = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_);
  since_.reset();
  current_.connected = false;
  current_.unsent_bytes = 0;
  current_.in_flight = 0;
  frames_ = {};
}

void StatsRecorder::sent(const EncodedFrame& frame, const Sent& about, Time now) {
  if (!since_) return;
  ++current_.frames;
  if (about.inexact) ++current_.frames_inexact;
  for (const EncodedRect& rect : frame.rects) current_.add(rect.codec, rect.data.size(), pixels_of(rect));
  current_.encode.add(microseconds(about.encoding));
  current_.unsent_bytes = about.unsent;
  current_.unsent_peak_bytes = std::max<std::uint64_t>(current_.unsent_peak_bytes, about.unsent);
  current_.in_flight = static_cast<std::uint32_t>(about.in_flight);
  frames_[next_] = {about.id, std::min(about.screen, DisplayStats::kMaxScreens - 1), now, about.pressed, true};
  next_ = (next_ + 1) % kRemembered;
}

void StatsRecorder::left(FrameId up_to, Time now) {
  for (Frame& frame : frames_) {
    if (!frame.pressed || !at_or_before(frame.id, up_to)) continue;
    const Duration took = now - *frame.pressed;
    frame.pressed.reset();
    if (took > kAnswerWithin) continue;
    if (current_.input.size() <= frame.screen) current_.input.resize(frame.screen + 1);
    current_.input[frame.screen].add(microseconds(took));
  }
}

void StatsRecorder::acknowledged(FrameId up_to, Time now) {
  for (Frame& frame : frames_) {
    if (!frame.awaited || !at_or_before(frame.id, up_to)) continue;
    frame.awaited = false;
    ++current_.frames_acknowledged;
    if (current_.in_flight > 0) --current_.in_flight;
    current_.acknowledge.add(microseconds(now - frame.sent));
  }
}

DisplayStats StatsRecorder::of_client(Time now) const {
  DisplayStats stats = current_;
  stats.observed = since_ ? std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_) : observed_;
  return stats;
}

DisplayStats StatsRecorder::of_all(Time now) const {
  DisplayStats stats = past_;
  stats.merge(of_client(now));
  return stats;
}

}  // namespace tobari::display
