// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel says of a control group, in both versions. Pure.
// Source: Linux Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, proc(5)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tobari::vmhost {

struct GroupPlace {
  std::string path;  // below the version's mount, beginning with '/'
  bool unified = false;
};
// The group of a process that limits `controller`, from /proc/<pid>/cgroup; nothing when it is in none.
[[nodiscard]] std::optional<GroupPlace> group_of(std::string_view proc_cgroup, std::string_view controller);

// Bytes of memory.stat that nobody else has: memory of programs, of shared segments and memory file systems, of the
// kernel for this group. Not the cache of files, which all desktops of an image share and which the kernel takes back.
[[nodiscard]] std::uint64_t unshared_bytes(std::string_view memory_stat, bool unified);

}  // namespace tobari::vmhost
