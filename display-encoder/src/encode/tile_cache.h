// SPDX-License-Identifier: GPL-3.0-or-later
// What the client's bitmap cache holds (MS-RDPEGFX 3.3.1.4): tiles of at most 64x64 pixels by the hash of their
// content. The client does as it is told and evicts nothing by itself, so a list of what was stored where is exact. The
// cache is the connection's: ResetGraphics does not touch it (FreeRDP's gdi_ResetGraphics neither), and all surfaces
// share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tobari::display {

// Tiles are known by this alone, without their pixels. 128 bits of XXH3 with a seed that the guest does not know: an
// accidental collision among the 10^10 tiles of years of use has a chance of 10^-19, and whoever draws on the desktop
// cannot make one without the seed (and would fool nobody but its own user).
struct TileKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const TileKey&, const TileKey&) = default;
};

// Least recently used goes first. Not thread safe.
class TileCache {
 public:
  explicit TileCache(std::size_t tiles) : capacity_(tiles) {}

  using Slot = std::uint16_t;                                  // from 1, as the protocol counts
  [[nodiscard]] std::optional<Slot> find(const TileKey& key);  // and counts as used

  struct Stored {
    Slot slot = 0;
    bool replaces = false;     // something else was there and is to be evicted first
    std::uint64_t number = 0;  // of the entry, never used again
  };
  // `key` is not in it, and the capacity is not 0.
  Stored store(const TileKey& key);
  // Nothing that is there now is found any more. The client still has it: its slots are given up as they are needed.
  void forget() { slots_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size() - 1; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  struct Entry {
    TileKey key;
    Slot newer = 0;
    Slot older = 0;
  };
  struct Hash {
    std::size_t operator()(const TileKey& key) const noexcept { return static_cast<std::size_t>(key.low); }
  };
  void unlink(Slot slot);
  void link_newest(Slot slot);

  std::size_t capacity_;
  std::uint64_t stored_ = 0;
  // By slot. Entry 0 is the ring's anchor: its `older` is the newest, its `newer` the oldest.
  std::vector<Entry> entries_ = std::vector<Entry>(1);
  std::unordered_map<TileKey, Slot, Hash> slots_;
};

}  // namespace tobari::display
