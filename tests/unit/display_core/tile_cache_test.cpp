// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/tile_cache.h"

#include <algorithm>
#include <list>
#include <map>

#include <gtest/gtest.h>

#include "pictures.h"

namespace tobari::display {
namespace {

TileKey key(std::uint64_t number) { return {number * 0x9E3779B97F4A7C15u, number}; }

TEST(TileCache, TheLeastRecentlyUsedGoesFirst) {
  TileCache cache(3);
  EXPECT_FALSE(cache.find(key(1)));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto stored = cache.store(key(i));
    EXPECT_EQ(stored.slot, i);
    EXPECT_FALSE(stored.replaces);
  }
  EXPECT_EQ(cache.find(key(1)), 1);
  const auto fourth = cache.store(key(4));
  EXPECT_EQ(fourth.slot, 2);
  EXPECT_TRUE(fourth.replaces);
  EXPECT_FALSE(cache.find(key(2)));
  EXPECT_EQ(cache.find(key(1)), 1);
  EXPECT_EQ(cache.find(key(3)), 3);
  EXPECT_EQ(cache.size(), 3u);
}

// Against a model: a list in order of use and a map of slots.
TEST(TileCache, DoesWhatItsModelDoes) {
  testing::Random random(3);
  constexpr std::size_t kTiles = 40;
  TileCache cache(kTiles);
  std::list<std::uint64_t> used;  // newest first
  std::map<TileCache::Slot, std::uint64_t> slots;
  std::uint64_t last_number = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = random() % 80;
    const auto known = std::ranges::find(used, number);
    const auto slot = cache.find(key(number));
    ASSERT_EQ(slot.has_value(), known != used.end());
    if (slot) {
      ASSERT_EQ(slots.at(*slot), number);
      used.splice(used.begin(), used, known);
      continue;
    }
    const auto stored = cache.store(key(number));
    ASSERT_GE(stored.slot, 1);
    ASSERT_LE(stored.slot, kTiles);
    ASSERT_EQ(stored.replaces, slots.contains(stored.slot));
    ASSERT_GT(stored.number, last_number);
    last_number = stored.number;
    if (stored.replaces) {
      ASSERT_EQ(slots.at(stored.slot), used.back());
      used.pop_back();
    }
    slots[stored.slot] = number;
    used.push_front(number);
    ASSERT_EQ(cache.size(), used.size());
  }
}

}  // namespace
}  // namespace tobari::display
