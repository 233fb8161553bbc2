// SPDX-License-Identifier: GPL-3.0-or-later
// The waves that the pattern is a sum of: lines of its spectrum, because it repeats. Known to everybody who reads; what
// differs from session to session is the sign of those that carry data.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>
#include <vector>

namespace tobari::watermark {

// cos(2 pi ((a x + b y) / kPatternPeriod + phase / kPhases)), x and y in pixels from the screen's top left.
struct Line {
  int a = 0;
  int b = 0;
  int phase = 0;
};
inline constexpr double kCircle = 2 * std::numbers::pi;
inline constexpr int kPhases = 4096;  // in a circle

// Of all lines: periods from 12 to 47 pixels. Shorter ones do not outlive JPEG at half the size, longer ones are
// drowned by what pictures are made of (and the eye sees them better).
inline constexpr int kMaxFrequency = 20;

inline constexpr std::size_t kSyncLines = 8;
inline constexpr float kSyncGain = 4.5F;  // amplitude of a synchronisation line, those that carry data having 1

struct DataLine {
  Line line;
  std::size_t bit = 0;  // of the code (mark_code.h) that is its sign
};

struct MarkLines {
  std::array<Line, kSyncLines> sync;
  std::vector<DataLine> data;
};
[[nodiscard]] const MarkLines& mark_lines();

}  // namespace tobari::watermark
