// SPDX-License-Identifier: GPL-3.0-or-later
// What the client's ClearCodec storage holds, by the hash of its content: the client's side is a ring that is written
// at a cursor, so only the order of insertions has to agree (MS-RDPEGFX 3.3.1.10 to 3.3.1.13).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tobari::display {

// Entries are known by a 64-bit hash alone, without the pixels: a collision would show a wrong column, and at 10^5
// look-ups a second in a full cache one is expected in more than a century.
class ClearRing {
 public:
  explicit ClearRing(std::size_t capacity);

  // Index in the client's storage of what has this hash. `key` is not 0.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t key) const {
    for (std::size_t way = 0; way < kWays; ++way) {
      const std::uint32_t index = slots_[slot_of(key, way)];
      if (keys_[index] == key) return index;
    }
    return std::nullopt;
  }
  // The client stored this at its cursor; returns the index.
  std::uint32_t insert(std::uint64_t key);
  void clear();

  // Insertions since checkpoint() can be taken back, for an encoding that is not sent after all.
  void checkpoint() { journal_.clear(); }
  void rollback();

 private:
  static constexpr std::size_t kWays = 4;  // places where a key may stand in slots_
  struct Change {
    std::uint32_t index;
    std::uint32_t slot;
    std::uint64_t old_key;
    std::uint32_t old_index;
  };

  [[nodiscard]] std::uint32_t slot_of(std::uint64_t key, std::size_t way) const {
    return static_cast<std::uint32_t>((key + way) & (slots_.size() - 1));
  }

  std::vector<std::uint64_t> keys_;   // by index; 0: empty
  std::vector<std::uint32_t> slots_;  // a hash table of indices; one is stale when keys_ there is another
  std::size_t cursor_ = 0;
  std::vector<Change> journal_;
};

}  // namespace tobari::display
