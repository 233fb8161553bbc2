// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of bits in words of 64, the first in the lowest.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tobari::display {

[[nodiscard]] constexpr std::size_t words_for(std::size_t bits) noexcept { return (bits + 63) / 64; }

// Where from `at` on the first bit is set, once every word is combined with `invert`; at most `count`.
[[nodiscard]] inline std::size_t next_bit(const std::uint64_t* words, std::size_t at, std::size_t count,
                                          std::uint64_t invert) noexcept {
  if (at >= count) return count;
  std::size_t word = at / 64;
  std::uint64_t bits = (words[word] ^ invert) & (~std::uint64_t{0} << (at % 64));
  while (bits == 0) {
    if (++word * 64 >= count) return count;
    bits = words[word] ^ invert;
  }
  return std::min(count, word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
}

[[nodiscard]] inline std::size_t next_set(const std::uint64_t* words, std::size_t at, std::size_t count) noexcept {
  return next_bit(words, at, count, 0);
}
[[nodiscard]] inline std::size_t next_clear(const std::uint64_t* words, std::size_t at, std::size_t count) noexcept {
  return next_bit(words, at, count, ~std::uint64_t{0});
}

}  // namespace tobari::display
