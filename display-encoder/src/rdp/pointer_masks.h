// SPDX-License-Identifier: GPL-3.0-or-later
// A cursor as RDP's pointer updates carry it (MS-RDPBCGR 2.2.9.1.1.4.4): 32-bit colours with alpha and an empty AND
// mask, rows bottom-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display {

inline constexpr int kMaxNewPointerSide = 96;  // larger ones need the large pointer update

struct PointerMasks {
  std::vector<std::byte> xor_mask;
  std::vector<std::byte> and_mask;
};
[[nodiscard]] PointerMasks pointer_masks(const CursorShape& shape);

// A shape no larger than `side`: pixels are left out, for clients that cannot show it in full.
[[nodiscard]] CursorShape cropped(const CursorShape& shape, int side);

// Which of the client's pointer slots holds a shape; the least recently used one is given away. Shapes are told apart
// by a hash of 128 bits, because a guest fills a hundred slots with shapes of half a megabyte as soon as with small
// ones.
class PointerCache {
 public:
  explicit PointerCache(std::size_t slots) : slots_(slots) {}
  struct Place {
    std::uint16_t slot = 0;
    bool known = false;
  };
  [[nodiscard]] Place place(const CursorShape& shape);

 private:
  using Hash = std::array<std::uint64_t, 2>;
  [[nodiscard]] static Hash hash(const CursorShape& shape);
  struct Entry {
    std::uint16_t slot;
    Hash hash;
  };
  std::size_t slots_;
  std::list<Entry> entries_;  // the most recently used first
};

}  // namespace tobari::display
