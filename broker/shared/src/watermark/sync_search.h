// SPDX-License-Identifier: GPL-3.0-or-later
// Where a picture's spectrum shows the synchronisation lines: how the desktop was scaled, turned and sheared there.
#pragma once

#include <vector>

#include "spectrum.h"

namespace tobari::watermark {

// Takes a line's frequency on the desktop (waves in kPatternPeriod pixels) to the one in the picture (waves a window).
struct FrequencyMap {
  double xx = 1, xy = 0, yx = 0, yy = 1;
  [[nodiscard]] Place of(int a, int b) const noexcept { return {xx * a + xy * b, yx * a + yy * b}; }
};

struct Candidate {
  FrequencyMap map;
  double score = 0;       // standard deviations above what the other maps have, before it was refined
  double brightness = 0;  // of the lines' places, all together, after that
};

// The best maps of what a spectrum can be, the likeliest first; at most `count`, refined to a fraction of a frequency.
// Scales from 0.42 to 1.12, turned by up to 22 degrees, stretched and sheared by up to 16 %.
[[nodiscard]] std::vector<Candidate> find_maps(const Spectrum& spectrum, std::size_t count);

// The same for a desktop that was only scaled, as screen shots are: so few maps that the right one stands out of more
// noise.
[[nodiscard]] std::vector<Candidate> find_upright(const Spectrum& spectrum, std::size_t count);

}  // namespace tobari::watermark
