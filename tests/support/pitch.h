// SPDX-License-Identifier: GPL-3.0-or-later
// How much of a sound is one tone: Goertzel's filter, for tests that hear.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>

namespace tobari::display::testing {

// The share of the energy of one channel (of `channels`, interleaved) that lies at `hertz`: near 1 for a pure tone.
inline double share_of_tone(std::span<const std::int16_t> samples, std::size_t channel, std::size_t channels,
                            double hertz, double rate) {
  const std::size_t count = samples.size() / channels;
  const double coefficient = 2 * std::cos(2 * std::numbers::pi * hertz / rate);
  double before = 0;
  double last = 0;
  double energy = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double sample = samples[i * channels + channel];
    energy += sample * sample;
    const double next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  if (energy == 0) return 0;
  const double power = last * last + before * before - coefficient * last * before;
  return 2 * power / (static_cast<double>(count) * energy);
}

}  // namespace tobari::display::testing
