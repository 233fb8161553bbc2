// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/rlgr_encoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Random;

// The coder as MS-RDPRFX 3.1.8.1.7.3 writes it down: a value, a step and a bit at a time.
class PlainRlgr {
 public:
  std::vector<std::byte> encode(std::span<const std::int16_t> values) {
    for (std::size_t at = 0; at < values.size(); ++at) {
      if (run_ / 8 == 0) {
        const int value = values[at];
        const int twice = value < 0 ? -2 * value - 1 : 2 * value;
        code(twice);
        run_ = std::clamp(run_ + (twice == 0 ? 3 : -3), 0, 80);
        continue;
      }
      int zeros = 0;
      for (; at + 1 < values.size() && values[at] == 0; ++at) ++zeros;
      for (; zeros >= 1 << (run_ / 8); run_ = std::min(run_ + 4, 80)) {
        zeros -= 1 << (run_ / 8);
        bits_.push_back(false);
      }
      bits_.push_back(true);
      put(zeros, run_ / 8);
      bits_.push_back(values[at] < 0);
      code(std::max(std::abs(int{values[at]}) - 1, 0));
      run_ = std::max(run_ - 6, 0);
    }
    std::vector<std::byte> out((bits_.size() + 7) / 8);
    for (std::size_t i = 0; i < bits_.size(); ++i) {
      if (bits_[i]) out[i / 8] |= std::byte{0x80} >> (i % 8);
    }
    return out;
  }

 private:
  void put(int value, int count) {
    while (count-- > 0) bits_.push_back((value >> count & 1) != 0);
  }
  void code(int number) {
    const int quotient = number >> (rice_ / 8);
    for (int i = 0; i < quotient; ++i) bits_.push_back(true);
    bits_.push_back(false);
    put(number, rice_ / 8);
    if (quotient != 1) rice_ = std::clamp(rice_ + (quotient == 0 ? -2 : quotient), 0, 80);
  }

  std::vector<bool> bits_;
  int run_ = 8;
  int rice_ = 8;
};

void mark(TileCoefficients& tile) {
  tile.nonzero.fill(0);
  for (std::size_t i = 0; i < kTileCoefficients; ++i) {
    tile.nonzero[i / 64] |= std::uint64_t{tile.values[i] != 0} << (i % 64);
  }
}

// One value in `rarity` is not zero, up to `largest` in magnitude; both change along the tile, as bands do.
void fill(TileCoefficients& tile, Random& random) {
  std::uint32_t rarity = 1;
  std::uint32_t largest = 1;
  for (std::size_t i = 0; i < kTileCoefficients; ++i) {
    if (random() % 256 == 0) {
      rarity = 1u << random() % 12;
      largest = 1u << random() % 9;
    }
    const int magnitude = random() % rarity == 0 ? static_cast<int>(random() % (largest + 1)) : 0;
    tile.values[i] = static_cast<std::int16_t>(random() % 2 == 0 ? magnitude : -magnitude);
  }
  mark(tile);
}

TEST(Rlgr, WritesWhatTheSpecificationsCoderWrites) {
  Random random(11);
  TileCoefficients tile;
  for (int round = 0; round < 300; ++round) {
    fill(tile, random);
    std::vector<std::byte> out(3);
    ASSERT_TRUE(rlgr1_encode(tile, out));
    out.erase(out.begin(), out.begin() + 3);
    ASSERT_TRUE(out == PlainRlgr().encode(tile.values)) << round;
  }
}

TEST(Rlgr, AlsoTheExtremes) {
  TileCoefficients tile;
  for (const int value : {0, 1, -1, 2, 255, -256}) {
    for (const std::size_t every : {std::size_t{1}, std::size_t{2}, std::size_t{1000}, kTileCoefficients - 1}) {
      for (std::size_t i = 0; i < kTileCoefficients; ++i) {
        tile.values[i] = i % every == every - 1 ? static_cast<std::int16_t>(value) : std::int16_t{0};
      }
      mark(tile);
      std::vector<std::byte> out;
      ASSERT_TRUE(rlgr1_encode(tile, out));
      EXPECT_TRUE(out == PlainRlgr().encode(tile.values)) << value << " every " << every;
    }
  }
}

TEST(Rlgr, RefusesWhatATileCannotCarry) {
  TileCoefficients tile;
  for (std::size_t i = 0; i < kTileCoefficients; ++i) {
    tile.values[i] = i % 29 == 0 ? std::int16_t{32767} : std::int16_t{0};
  }
  tile.nonzero.fill(~std::uint64_t{0});  // no runs: the parameters sink between the peaks
  std::vector<std::byte> out(3);
  EXPECT_FALSE(rlgr1_encode(tile, out));
  EXPECT_EQ(out.size(), 3u);
}

}  // namespace
}  // namespace tobari::display
