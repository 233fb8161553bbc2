// SPDX-License-Identifier: GPL-3.0-or-later
// Whether something more fits on a disk: counted before it is written, so that nothing runs full. Pure.
//
// Disks of desktops are thin: they grow as their guests write. What all of them together may grow to is promised; it
// may be more than there is, by a factor, since few ever do. What is kept free is for those that grow meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::vmhost {

struct RoomRules {
  std::uint64_t quota_bytes = 0;         // of everything of this kind; 0: as much as the disk holds
  std::uint64_t keep_free_bytes = 0;     // of the file system
  std::uint32_t overcommit_percent = 0;  // what may be promised, of what there is; 0: anything
};

struct RoomUse {
  std::uint64_t capacity_bytes = 0;  // of the file system
  std::uint64_t free_bytes = 0;      // of it, to us
  std::uint64_t used_bytes = 0;      // by what is counted here: blocks, not sizes
  std::uint64_t promised_bytes = 0;  // that it may grow to
};

// For what needs `bytes` at once and may grow to `grows_to`. kExhausted says what is missing and what to do.
[[nodiscard]] Result<void> check_room(std::string_view place, const RoomRules& rules, const RoomUse& use,
                                      std::uint64_t bytes, std::uint64_t grows_to);

// A sentence when nothing more should be put there; empty: there is room.
[[nodiscard]] std::string why_no_room(std::string_view place, const RoomRules& rules, const RoomUse& use);

// "12.5 GiB"
[[nodiscard]] std::string in_gib(std::uint64_t bytes);

}  // namespace tobari::vmhost
