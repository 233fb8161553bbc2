// SPDX-License-Identifier: GPL-3.0-or-later
// How much this machine has and uses, as its kernel says. Any thread.
#pragma once

#include <cstdint>

#include <tobari/base/result.h>

namespace tobari::vmhost {

struct MachineUse {
  std::uint32_t cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t available_bytes = 0;  // that programs can have without swapping
  // Of all processors together, since the machine was started, in ticks.
  std::uint64_t busy_ticks = 0;
  std::uint64_t all_ticks = 0;

  // 0 to 1, between two looks.
  [[nodiscard]] double busy_since(const MachineUse& earlier) const noexcept;
};

[[nodiscard]] Result<MachineUse> look_at_machine();

}  // namespace tobari::vmhost
