// SPDX-License-Identifier: GPL-3.0-or-later
// How bright a window's frequencies are among those around them.
#pragma once

#include <cstddef>
#include <vector>

#include "waves.h"

namespace tobari::watermark {

// Amplitudes at frequencies of -128 to 127 waves a window, by what is usual around each (so that noise has a mean of
// about 1 whatever its colour), at most kMaxAmplitude.
class Spectrum {
 public:
  static constexpr float kMaxAmplitude = 8;
  Spectrum() : values_(std::size_t{kWindow} * kWindow) {}

  [[nodiscard]] float at(int x, int y) const noexcept { return values_[index(x, y)]; }
  void set(int x, int y, float value) noexcept { values_[index(x, y)] = value; }
  void add(const Spectrum& other) noexcept;
  void scale(float by) noexcept;
  // The largest of each frequency and its eight neighbours.
  [[nodiscard]] Spectrum widened() const;

 private:
  [[nodiscard]] static std::size_t index(int x, int y) noexcept {
    return static_cast<std::size_t>((y & (kWindow - 1)) * kWindow + (x & (kWindow - 1)));
  }
  std::vector<float> values_;
};

[[nodiscard]] Spectrum spectrum_of(const Waves& waves);

}  // namespace tobari::watermark
