// SPDX-License-Identifier: GPL-3.0-or-later
// The entropy coder of RemoteFX: adaptive run-length and Golomb-Rice codes, variant 1 (MS-RDPRFX 3.1.8.1.7.3). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tobari::display {

inline constexpr std::size_t kTileCoefficients = 4096;  // of one component of a tile of 64x64

// Quantized coefficients in the order that they are coded. Bit i of nonzero[i / 64] says whether value i is not zero.
struct TileCoefficients {
  alignas(64) std::array<std::int16_t, kTileCoefficients> values;
  std::array<std::uint64_t, kTileCoefficients / 64> nonzero;
};

// Appends the code of all 4096 values to `out`. A tile carries the length in 16 bits: when the code would take more
// than kMaxRlgrBytes (values from no picture) nothing is appended and the answer is false.
inline constexpr std::size_t kMaxRlgrBytes = 0xFFFF;
[[nodiscard]] bool rlgr1_encode(const TileCoefficients& tile, std::vector<std::byte>& out);

}  // namespace tobari::display
