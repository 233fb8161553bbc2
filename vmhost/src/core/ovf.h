// SPDX-License-Identifier: GPL-3.0-or-later
// The description of a machine in an OVA (DMTF DSP0243, Open Virtualization Format): which disk it has and what it
// needs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::vmhost {

struct OvfMachine {
  std::string disk_file;         // a name in the archive
  std::uint64_t disk_bytes = 0;  // that the guest sees; 0: not stated
  std::string format;            // "vmdk", "vhd", "vhdx", "raw"; empty: not known
  std::string guest;             // its system, for people
  std::uint32_t memory_mib = 0;  // 0: not stated
  std::uint32_t vcpus = 0;
  bool uefi = false;
};

// kInvalidArgument, as a sentence for people: malformed, several machines or disks, a disk that is packed in a further
// way or stands on another one.
[[nodiscard]] Result<OvfMachine> parse_ovf(std::string_view xml);

}  // namespace tobari::vmhost
