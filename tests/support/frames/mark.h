// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers as black and white cells in a picture, for machines: bit by bit from the left, the upper row as it is, the
// lower row inverted, so that what is no number is recognised as such. Lossy codecs leave them readable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace tobari::testing {

inline constexpr int kMarkCell = 8;  // pixels
inline constexpr int kMarkBits = 32;
inline constexpr int kMarkWidth = kMarkBits * kMarkCell;
inline constexpr int kMarkHeight = 2 * kMarkCell;
// Where a workload draws them: the frame's number, and below it how many keys it has answered.
inline constexpr int kFrameMarkY = 0;
inline constexpr int kKeyMarkY = kMarkHeight;

// Pixels are 4 bytes B, G, R, X; `stride` in bytes.
void draw_mark(std::byte* pixels, std::size_t stride, int y, std::uint32_t number);
[[nodiscard]] std::optional<std::uint32_t> read_mark(const std::byte* pixels, std::size_t stride, int y);

// Over the colours of a whole picture.
[[nodiscard]] std::uint64_t picture_hash(const std::byte* pixels, std::size_t stride, int width, int height);

}  // namespace tobari::testing
