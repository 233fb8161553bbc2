// SPDX-License-Identifier: GPL-3.0-or-later
#include "mark_code.h"

#include <bit>
#include <limits>
#include <utility>
#include <vector>

namespace tobari::watermark {
namespace {

constexpr std::size_t kSteps = kMessageBits + kTailBits;
constexpr unsigned kStates = 1u << kTailBits;
constexpr std::array<unsigned, kCodeRate> kGenerators{0765, 0671, 0513, 0473};

std::uint32_t crc32(std::uint64_t number) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (int shift = 56; shift >= 0; shift -= 8) {
    crc ^= static_cast<std::uint32_t>(number >> shift) & 0xFFu;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

// What the coder gives when its register holds this (the newest bit lowest).
std::array<float, kCodeRate> signs_of(unsigned contents) {
  std::array<float, kCodeRate> signs{};
  for (std::size_t i = 0; i < kCodeRate; ++i) {
    signs[i] = (std::popcount(contents & kGenerators[i]) & 1) != 0 ? -1.0F : 1.0F;
  }
  return signs;
}

}  // namespace

std::array<std::int8_t, kCodeBits> encode_number(std::uint64_t number) {
  std::array<std::int8_t, kCodeBits> code{};
  const std::uint32_t check = crc32(number);
  unsigned contents = 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    unsigned bit = 0;
    if (step < 64) bit = static_cast<unsigned>(number >> (63 - step)) & 1u;
    if (step >= 64 && step < kMessageBits) bit = (check >> (kMessageBits - 1 - step)) & 1u;
    contents = ((contents << 1) | bit) & (2 * kStates - 1);
    const auto signs = signs_of(contents);
    for (std::size_t i = 0; i < kCodeRate; ++i) code[step * kCodeRate + i] = static_cast<std::int8_t>(signs[i]);
  }
  return code;
}

// Viterbi's algorithm.
std::optional<std::uint64_t> decode_number(const std::array<float, kCodeBits>& soft) {
  std::vector<std::array<float, kCodeRate>> signs;
  for (unsigned contents = 0; contents < 2 * kStates; ++contents) signs.push_back(signs_of(contents));
  std::vector<float> likelihood(kStates, -std::numeric_limits<float>::infinity());
  std::vector<float> next(kStates);
  likelihood[0] = 0;
  std::vector<std::array<std::uint8_t, kStates>> oldest(kSteps);  // the bit that left the register
  for (std::size_t step = 0; step < kSteps; ++step) {
    for (unsigned state = 0; state < kStates; ++state) {
      float best = -std::numeric_limits<float>::infinity();
      for (unsigned leaving = 0; leaving < 2; ++leaving) {
        const unsigned contents = state | (leaving * kStates);
        float value = likelihood[contents >> 1];
        for (std::size_t i = 0; i < kCodeRate; ++i) value += soft[step * kCodeRate + i] * signs[contents][i];
        if (leaving != 0 && value <= best) continue;
        best = value;
        oldest[step][state] = static_cast<std::uint8_t>(leaving);
      }
      next[state] = best;
    }
    std::swap(likelihood, next);
  }
  std::uint64_t number = 0;
  std::uint32_t check = 0;
  unsigned state = 0;
  for (std::size_t step = kSteps; step-- > 0;) {
    const std::uint64_t bit = state & 1u;
    if (step < 64) {
      number |= bit << (63 - step);
    } else if (step < kMessageBits) {
      check |= static_cast<std::uint32_t>(bit) << (kMessageBits - 1 - step);
    }
    state = (state | (oldest[step][state] * kStates)) >> 1;
  }
  if (check != crc32(number)) return std::nullopt;
  return number;
}

}  // namespace tobari::watermark
