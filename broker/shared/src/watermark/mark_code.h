// SPDX-License-Identifier: GPL-3.0-or-later
// From a number to the signs of the lines that carry it, and back from signs that are only likely: 64 bits and their
// CRC-32, by a convolutional code of rate 1/4 and constraint length 9 (TIA-2000's generators 765, 671, 513, 473).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tobari::watermark {

inline constexpr std::size_t kMessageBits = 64 + 32;
inline constexpr std::size_t kTailBits = 8;  // bring the coder back to where it began
inline constexpr std::size_t kCodeRate = 4;
inline constexpr std::size_t kCodeBits = (kMessageBits + kTailBits) * kCodeRate;

// 1 or -1 each
[[nodiscard]] std::array<std::int8_t, kCodeBits> encode_number(std::uint64_t number);

// `soft`: each one's sign as far as it is known, times how sure that is. The likeliest number; none when its check does
// not hold.
[[nodiscard]] std::optional<std::uint64_t> decode_number(const std::array<float, kCodeBits>& soft);

}  // namespace tobari::watermark
