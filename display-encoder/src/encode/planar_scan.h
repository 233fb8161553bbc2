// SPDX-License-Identifier: GPL-3.0-or-later
// SIMD loops of the planar encoder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tobari::display {

// Pixels (B G R X in memory) to three rows of bytes.
void split_planes(const std::byte* pixels, std::size_t count, std::uint8_t* red, std::uint8_t* green,
                  std::uint8_t* blue);

// out[i] = row[i] - above[i] as planar has it: doubled, negative ones odd.
void delta_row(const std::uint8_t* row, const std::uint8_t* above, std::size_t count, std::uint8_t* out);

// Bit i % 64 of words[i / 64]: values[i] equals the one before (before the first: 0). Bits from `count` on are zero,
// and one word more than needed is written. Returns the number of words with the additional one.
std::size_t mark_repeats(const std::uint8_t* values, std::size_t count, std::uint64_t* words);

}  // namespace tobari::display
