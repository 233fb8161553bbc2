// SPDX-License-Identifier: GPL-3.0-or-later
// A 5x7 font of digits, capitals and punctuation: enough for text that a person or a codec test can read.
#pragma once

#include <array>
#include <cstdint>

namespace tobari::display {

using Glyph = std::array<std::uint8_t, 5>;             // columns from the left; bit 0 is the top row
[[nodiscard]] const Glyph& glyph_of(char c) noexcept;  // lower case as upper case, unknown characters as a blank
[[nodiscard]] bool has_glyph(char c) noexcept;         // one that is not blank

}  // namespace tobari::display
