// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/tone_source.h"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <numbers>

namespace tobari::display {
namespace {
using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPeriod{10};
constexpr std::chrono::milliseconds kTooLate{50};  // the process slept: go on from here
}  // namespace

std::vector<std::int16_t> tone(std::uint64_t first, std::size_t count, unsigned rate) {
  std::vector<std::int16_t> samples;
  samples.reserve(count * kAudioChannels);
  for (std::uint64_t frame = first; frame < first + count; ++frame) {
    for (const unsigned hertz : kToneHertz) {
      const auto turns = static_cast<double>(frame * hertz % rate) / rate;  // exact however long it plays
      samples.push_back(static_cast<std::int16_t>(std::lround(kToneLevel * std::sin(2 * std::numbers::pi * turns))));
    }
  }
  return samples;
}

Result<void> ToneSource::start(AudioEvents& events) {
  if (thread_.joinable()) return fail(Errc::kInvalidArgument, "the source is started already");
  thread_ = std::jthread([this, &events](const std::stop_token& token) { run(token, events); });
  return {};
}

void ToneSource::stop() noexcept {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void ToneSource::run(const std::stop_token& token, AudioEvents& events) const {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  const std::size_t frames = rate_ / 100;
  std::uint64_t frame = 0;
  for (auto due = Steady::now() + kPeriod;; due += kPeriod) {
    wake.wait_until(lock, token, due, [] { return false; });
    if (token.stop_requested()) return;
    const auto now = Steady::now();
    const auto samples = tone(frame, frames, rate_);
    events.on_audio({samples, rate_, now});
    frame += frames;
    if (now - due > kTooLate) due = now;
  }
}

}  // namespace tobari::display
