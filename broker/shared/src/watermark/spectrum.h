// SPDX-License-Identifier: GPL-3.0-or-later
// Windows of a flattened picture and their spectra.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

#include "plane.h"

namespace tobari::watermark {

// Windows overlap and fade out towards their edges (Hann).
inline constexpr int kWindow = 256;

struct Place {  // in pixels of the picture
  double x = 0;
  double y = 0;
};

struct Window {
  int left = 0;
  int top = 0;
  [[nodiscard]] Place middle() const noexcept { return {left + kWindow / 2.0, top + kWindow / 2.0}; }
};

// Windows that cover a picture, some of them together more than once; at most kMaxWindows. One that is smaller than a
// window has one window that reaches beyond it.
inline constexpr std::size_t kMaxWindows = 80;
[[nodiscard]] std::vector<Window> windows_over(int width, int height);

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

// Of two windows at once. Beyond the picture everything is zero.
struct TwoSpectra {
  Spectrum first;
  Spectrum second;
};
[[nodiscard]] TwoSpectra spectra_of(const Plane& flat, const Window& first, const Window& second);

// One frequency of a window, exactly: sum of value * fade * exp(-2 pi i frequency * (place - middle)), the frequency in
// waves a pixel.
[[nodiscard]] std::complex<double> amplitude_at(const Plane& flat, const Window& window, double fx, double fy);

}  // namespace tobari::watermark
