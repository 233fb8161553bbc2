// SPDX-License-Identifier: GPL-3.0-or-later
#include "spectrum.h"

#include <algorithm>

namespace tobari::watermark {
namespace {

// Each by the mean of a square around it.
Spectrum whitened(const std::vector<float>& amplitudes) {
  constexpr int kReach = 9;
  constexpr int kLength = 2 * kReach + 1;
  const auto at = [](int x, int y) {
    return static_cast<std::size_t>((y & (kWindow - 1)) * kWindow + (x & (kWindow - 1)));
  };
  std::vector<float> rows(amplitudes.size());
  for (int y = 0; y < kWindow; ++y) {
    float sum = 0;
    for (int x = -kReach; x <= kReach; ++x) sum += amplitudes[at(x, y)];
    for (int x = 0; x < kWindow; ++x) {
      rows[at(x, y)] = sum;
      sum += amplitudes[at(x + kReach + 1, y)] - amplitudes[at(x - kReach, y)];
    }
  }
  Spectrum white;
  for (int x = 0; x < kWindow; ++x) {
    float sum = 0;
    for (int y = -kReach; y <= kReach; ++y) sum += rows[at(x, y)];
    for (int y = 0; y < kWindow; ++y) {
      const float usual = sum / (kLength * kLength);
      const float amplitude = amplitudes[at(x, y)];
      white.set(x, y, usual > 1e-6F ? std::min(amplitude / usual, Spectrum::kMaxAmplitude) : 0);
      sum += rows[at(x, y + kReach + 1)] - rows[at(x, y - kReach)];
    }
  }
  return white;
}

}  // namespace

void Spectrum::add(const Spectrum& other) noexcept {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
}

void Spectrum::scale(float by) noexcept {
  for (float& value : values_) value *= by;
}

Spectrum Spectrum::widened() const {
  Spectrum across;
  Spectrum wide;
  for (int y = 0; y < kWindow; ++y) {
    for (int x = 0; x < kWindow; ++x) across.set(x, y, std::max({at(x - 1, y), at(x, y), at(x + 1, y)}));
  }
  for (int y = 0; y < kWindow; ++y) {
    for (int x = 0; x < kWindow; ++x) {
      wide.set(x, y, std::max({across.at(x, y - 1), across.at(x, y), across.at(x, y + 1)}));
    }
  }
  return wide;
}

Spectrum spectrum_of(const Waves& waves) { return whitened(waves.amplitudes()); }

}  // namespace tobari::watermark
