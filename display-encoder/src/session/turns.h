// SPDX-License-Identifier: GPL-3.0-or-later
// Whose turn it is among several screens: shortest first, but nobody waits for ever. Pure.
#pragma once

#include <chrono>

namespace tobari::display {

// Roughly what encoding a pixel costs.
inline constexpr std::chrono::nanoseconds kTimeOfAPixel{10};

// The screen with the earliest turn is next. A change of few pixels comes before one of many that began at the same
// time; one that has waited as long as its own pixels take comes before any fresh one.
[[nodiscard]] inline std::chrono::steady_clock::time_point turn_of(std::chrono::steady_clock::time_point changed_since,
                                                                   long pixels) {
  return changed_since + kTimeOfAPixel * pixels;
}

// Quality that is owed has its turn so long after the last one, whatever else changes meanwhile.
inline constexpr std::chrono::milliseconds kRefinementTurn{100};

}  // namespace tobari::display
