// SPDX-License-Identifier: GPL-3.0-or-later
// From a first guess at one place to the projective map that takes every pixel of the picture to its place on the
// desktop (up to whole periods of the pattern): the phases of the synchronisation lines, window after window.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "sync_search.h"

namespace tobari::watermark {

// x = (c0 + c1 p + c2 q) / (1 + c6 p + c7 q), y = (c3 + c4 p + c5 q) / the same, with (p, q) the pixel's distance from
// `origin` in windows.
class Homography {
 public:
  Homography() = default;
  Homography(const Place& origin, const std::array<double, 8>& c) : origin_(origin), c_(c) {}

  [[nodiscard]] Place of(const Place& pixel) const noexcept {
    const double p = (pixel.x - origin_.x) / kWindow;
    const double q = (pixel.y - origin_.y) / kWindow;
    const double w = 1 + c_[6] * p + c_[7] * q;
    return {(c_[0] + c_[1] * p + c_[2] * q) / w, (c_[3] + c_[4] * p + c_[5] * q) / w};
  }
  // How frequencies are changed around a pixel.
  [[nodiscard]] FrequencyMap frequencies_at(const Place& pixel) const noexcept;
  [[nodiscard]] const Place& origin() const noexcept { return origin_; }

 private:
  Place origin_;
  std::array<double, 8> c_{};
};

struct Alignment {
  Homography map;
  double certainty = 0;  // standard deviations by which the lines' phases agree
};

// `windows` are those of the picture, in the order of windows_over(), `seed` the one where the guess is the best. None:
// nothing of it holds.
[[nodiscard]] std::optional<Alignment> align(std::span<const Waves> windows, const Waves& seed,
                                             const FrequencyMap& guess);

// How well the lines' phases in one window agree with each other: 1 when they do, some 0.7 for noise.
[[nodiscard]] double agreement(const Waves& window, const FrequencyMap& guess);

}  // namespace tobari::watermark
