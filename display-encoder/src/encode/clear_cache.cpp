// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_cache.h"

#include <algorithm>
#include <bit>

namespace tobari::display {

ClearRing::ClearRing(std::size_t capacity) : keys_(capacity, 0), slots_(std::bit_ceil(capacity) * 2, 0) {}

std::uint32_t ClearRing::insert(std::uint64_t key) {
  const auto index = static_cast<std::uint32_t>(cursor_);
  cursor_ = (cursor_ + 1) % keys_.size();
  // A slot whose entry the ring has overwritten meanwhile is free; when none is, the first is given up.
  std::uint32_t slot = slot_of(key, 0);
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::uint32_t candidate = slot_of(key, way);
    const std::uint64_t owner = keys_[slots_[candidate]];
    const bool in_use = owner != 0 && ((candidate - owner) & (slots_.size() - 1)) < kWays;
    if (!in_use || slots_[candidate] == index) {
      slot = candidate;
      break;
    }
  }
  journal_.push_back({index, slot, keys_[index], slots_[slot]});
  keys_[index] = key;
  slots_[slot] = index;
  return index;
}

void ClearRing::clear() {
  std::ranges::fill(keys_, 0);
  std::ranges::fill(slots_, 0);
  cursor_ = 0;
  journal_.clear();
}

void ClearRing::rollback() {
  for (auto change = journal_.rbegin(); change != journal_.rend(); ++change) {
    keys_[change->index] = change->old_key;
    slots_[change->slot] = change->old_index;
    cursor_ = change->index;
  }
  journal_.clear();
}

}  // namespace tobari::display
