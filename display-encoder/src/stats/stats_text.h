// SPDX-License-Identifier: GPL-3.0-or-later
// DisplayStats in words. Pure.
#pragma once

#include <string>
#include <vector>

#include <tobari/display/display_stats.h>

namespace tobari::display {

[[nodiscard]] double frames_a_second(const DisplayStats& window) noexcept;
[[nodiscard]] double kilobits_a_second(const DisplayStats& window) noexcept;

// "clear 61, avc420 39": each codec's part of the bytes in percent, the largest first; "-" when there are none.
[[nodiscard]] std::string codec_shares(const DisplayStats& window);

// "0.8 - 1.4": the middle one and all but a hundredth of them, in milliseconds; "-" when there are none.
[[nodiscard]] std::string milliseconds(const LogHistogram& microseconds);

// A few short lines for the corner of a picture, of one second.
[[nodiscard]] std::vector<std::string> overlay_lines(const DisplayStats& window);

}  // namespace tobari::display
