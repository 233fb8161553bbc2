// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/tile_cache.h"

namespace tobari::display {

void TileCache::unlink(Slot slot) {
  const Entry& entry = entries_[slot];
  entries_[entry.newer].older = entry.older;
  entries_[entry.older].newer = entry.newer;
}

void TileCache::link_newest(Slot slot) {
  const Slot former = entries_[0].older;
  entries_[slot].newer = 0;
  entries_[slot].older = former;
  entries_[former].newer = slot;
  entries_[0].older = slot;
}

std::optional<TileCache::Slot> TileCache::find(const TileKey& key) {
  const auto found = slots_.find(key);
  if (found == slots_.end()) return std::nullopt;
  unlink(found->second);
  link_newest(found->second);
  return found->second;
}

TileCache::Stored TileCache::store(const TileKey& key) {
  Stored stored{.slot = entries_[0].newer, .replaces = size() >= capacity_, .number = ++stored_};
  if (stored.replaces) {
    unlink(stored.slot);
    // Forgotten, the same tile may be in another slot by now.
    const auto known = slots_.find(entries_[stored.slot].key);
    if (known != slots_.end() && known->second == stored.slot) slots_.erase(known);
  } else {
    stored.slot = static_cast<Slot>(entries_.size());
    entries_.emplace_back();
  }
  entries_[stored.slot].key = key;
  link_newest(stored.slot);
  slots_.emplace(key, stored.slot);
  return stored;
}

}  // namespace tobari::display
