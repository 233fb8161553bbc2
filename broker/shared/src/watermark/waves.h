// SPDX-License-Identifier: GPL-3.0-or-later
// Windows of a flattened picture, and the waves that each is made of.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <utility>
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

// Of one window, transformed once; any frequency of it is then a sum of a few.
class Waves {
 public:
  // The transform of the window as it is, rows of kWindow frequencies from 0.
  Waves(const Window& window, std::vector<std::complex<float>> values) : window_(window), values_(std::move(values)) {}

  [[nodiscard]] const Window& window() const noexcept { return window_; }
  // One frequency, in waves a window: sum of value * fade * exp(-2 pi i frequency * (place - middle) / kWindow), to
  // within a hundredth. There is none from kWindow / 2 on.
  [[nodiscard]] std::complex<double> at(double fx, double fy) const noexcept;
  // Of all whole frequencies, faded; in the transform's order.
  [[nodiscard]] std::vector<float> amplitudes() const;

 private:
  Window window_;
  std::vector<std::complex<float>> values_;
};

// Beyond the picture everything is zero.
[[nodiscard]] std::vector<Waves> waves_of(const Plane& flat, std::span<const Window> windows);

}  // namespace tobari::watermark
