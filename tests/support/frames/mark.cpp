// SPDX-License-Identifier: GPL-3.0-or-later
#include "frames/mark.h"

#include <cstdlib>
#include <cstring>
#include <vector>
#include <xxhash.h>

namespace tobari::testing {
namespace {

constexpr int kContrast = 80;  // less is no mark

int brightness(const std::byte* pixel) {
  return (std::to_integer<int>(pixel[0]) + 2 * std::to_integer<int>(pixel[1]) + std::to_integer<int>(pixel[2])) / 4;
}

std::size_t offset(std::size_t stride, int x, int y) {
  return static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * 4;
}

}  // namespace

void draw_mark(std::byte* pixels, std::size_t stride, int y, std::uint32_t number) {
  for (int row = 0; row < kMarkHeight; ++row) {
    for (int x = 0; x < kMarkWidth; ++x) {
      const bool set = ((number >> (x / kMarkCell)) & 1) != 0;
      const std::uint32_t colour = set == (row < kMarkCell) ? 0xFFFFFF : 0;
      std::memcpy(pixels + offset(stride, x, y + row), &colour, sizeof colour);
    }
  }
}

std::optional<std::uint32_t> read_mark(const std::byte* pixels, std::size_t stride, int y) {
  std::uint32_t number = 0;
  for (int bit = 0; bit < kMarkBits; ++bit) {
    const int x = bit * kMarkCell + kMarkCell / 2;
    const int upper = brightness(pixels + offset(stride, x, y + kMarkCell / 2));
    const int lower = brightness(pixels + offset(stride, x, y + kMarkCell + kMarkCell / 2));
    if (std::abs(upper - lower) < kContrast) return std::nullopt;
    if (upper > lower) number |= std::uint32_t{1} << bit;
  }
  return number;
}

std::uint64_t picture_hash(const std::byte* pixels, std::size_t stride, int width, int height) {
  std::vector<std::uint32_t> row(static_cast<std::size_t>(width));
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  for (int y = 0; y < height; ++y) {
    std::memcpy(row.data(), pixels + offset(stride, 0, y), row.size() * 4);
    for (std::uint32_t& pixel : row) pixel &= 0x00FFFFFF;
    XXH3_64bits_update(state, row.data(), row.size() * 4);
  }
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return hash;
}

}  // namespace tobari::testing
