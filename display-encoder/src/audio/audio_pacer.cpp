// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_pacer.h"

#include <algorithm>

namespace tobari::display {

void AudioPacer::reset(Duration round_trip) {
  *this = {};
  line_ = former_window_ = std::clamp<Duration>(round_trip, Duration::zero(), kMaxLine);
}

bool AudioPacer::admit(Time now) {
  if (in_flight_.empty()) {
    progress_ = now;
    draining_ = false;
    return true;
  }
  if (now - progress_ > kForgotten) {
    in_flight_.clear();
    progress_ = now;
    draining_ = false;
    return true;
  }
  const bool late = now - in_flight_.front().sent > line_ + kAllowance || in_flight_.size() >= kMaxInFlight;
  if (!draining_ && !late) return true;
  if (!draining_) ++gaps_;
  draining_ = true;
  ++dropped_;
  return false;
}

void AudioPacer::sent(std::uint8_t block, Time now) { in_flight_.push_back({block, now}); }

// A minimum, because an average would take the queue on a narrow line for the line; of a short while, because pictures
// that stand before the sound for longer than that are the line.
void AudioPacer::measured(Duration took, Time now) {
  took = std::clamp<Duration>(took, Duration::zero(), kMaxLine);
  if (!window_from_ || now - *window_from_ > kWindow) {
    if (window_from_) former_window_ = window_;
    window_ = took;
    window_from_ = now;
  }
  window_ = std::min(window_, took);
  line_ = std::min(former_window_, window_);
}

void AudioPacer::confirmed(std::uint8_t block, Time now) {
  const auto found = std::ranges::find(in_flight_, block, &Packet::block);
  if (found == in_flight_.end()) return;
  measured(now - found->sent, now);
  in_flight_.erase(in_flight_.begin(), found + 1);
  progress_ = now;
}

}  // namespace tobari::display
