// SPDX-License-Identifier: GPL-3.0-or-later
// The prefix codes of RDP 8.0 bulk compression (MS-RDPEGFX 3.1.9.1.2, the table of tokens), as an encoder needs them:
// by byte and by match distance.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tobari::display::rdp8 {

// `bits` of `code`, the most significant first.
struct BitCode {
  std::uint32_t code = 0;
  unsigned bits = 0;
};

// Distances from `base` on: the prefix, then `value_bits` of the distance less the base.
struct DistanceClass {
  std::uint32_t base;
  BitCode prefix;
  unsigned value_bits;
};
inline constexpr std::array kDistanceClasses{
    DistanceClass{0, {0b10001, 5}, 5},           DistanceClass{32, {0b10010, 5}, 7},
    DistanceClass{160, {0b10011, 5}, 9},         DistanceClass{672, {0b10100, 5}, 10},
    DistanceClass{1696, {0b10101, 5}, 12},       DistanceClass{5792, {0b101100, 6}, 14},
    DistanceClass{22176, {0b101101, 6}, 15},     DistanceClass{54944, {0b1011100, 7}, 18},
    DistanceClass{317088, {0b1011101, 7}, 20},   DistanceClass{1365664, {0b10111100, 8}, 20},
    DistanceClass{2414240, {0b10111101, 8}, 21},
};

inline constexpr std::uint32_t kMaxDistance = 2'500'000;  // what every client's history reaches back
inline constexpr std::size_t kMinMatch = 3;
inline constexpr std::size_t kMaxUnencoded = 0x7FFF;  // bytes behind one token
inline constexpr unsigned kUnencodedCountBits = 15;
inline constexpr BitCode kUnencoded{0b10001'00000, 10};  // the distance 0

// Any byte is a zero bit and itself; some have a shorter code of their own.
consteval std::array<BitCode, 256> literal_codes() {
  std::array<BitCode, 256> codes{};
  for (std::uint32_t value = 0; value < codes.size(); ++value) codes[value] = {value, 9};
  codes[0x00] = {0b11000, 5};
  codes[0x01] = {0b11001, 5};
  codes[0x02] = {0b110100, 6};
  codes[0x03] = {0b110101, 6};
  codes[0xFF] = {0b110110, 6};
  constexpr std::array<std::uint8_t, 16> kSeven{0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
                                                0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x40, 0x80};
  std::uint32_t code = 0b1101110;
  for (const std::uint8_t value : kSeven) codes[value] = {code++, 7};
  codes[0x0C] = {0b11111100, 8};
  codes[0x38] = {0b11111101, 8};
  codes[0x39] = {0b11111110, 8};
  codes[0x66] = {0b11111111, 8};
  return codes;
}
inline constexpr std::array<BitCode, 256> kLiterals = literal_codes();

// For each number of bits, the class of the largest number that has as many.
consteval auto classes_by_width() {
  std::array<std::uint8_t, 33> classes{};
  for (std::size_t width = 0; width < classes.size(); ++width) {
    const std::uint64_t largest = (std::uint64_t{1} << width) - 1;
    while (classes[width] + 1u < kDistanceClasses.size() && kDistanceClasses[classes[width] + 1u].base <= largest) {
      ++classes[width];
    }
  }
  return classes;
}
inline constexpr auto kClassesByWidth = classes_by_width();

// 1 <= distance <= kMaxDistance
[[nodiscard]] constexpr const DistanceClass& class_of(std::uint32_t distance) noexcept {
  std::size_t i = kClassesByWidth[static_cast<std::size_t>(std::bit_width(distance))];
  while (kDistanceClasses[i].base > distance) --i;
  return kDistanceClasses[i];
}

// A length of 3 is a zero bit; from 4 on, as many ones as it has bits beyond two, a zero, and the bits after its first.
[[nodiscard]] constexpr unsigned length_bits(std::size_t length) noexcept {
  return length == kMinMatch ? 1 : 2 * (static_cast<unsigned>(std::bit_width(length)) - 1);
}

[[nodiscard]] constexpr unsigned match_bits(std::uint32_t distance, std::size_t length) noexcept {
  const DistanceClass& of = class_of(distance);
  return of.prefix.bits + of.value_bits + length_bits(length);
}

}  // namespace tobari::display::rdp8
