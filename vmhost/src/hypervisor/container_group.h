// SPDX-License-Identifier: GPL-3.0-or-later
// The control groups that libvirt made for a container, found by the process that it runs for it.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// What it costs beside what it shares. kNotFound: it has ended, or its group is not to be seen.
[[nodiscard]] Result<std::uint64_t> container_memory(pid_t pid);

// All of its processes stop, or go on, where libvirt cannot do that (its freezer is version 1's only). On success they
// have. kUnavailable: there is no group of version 2, or it is not ours to write to.
[[nodiscard]] Result<void> freeze_container(pid_t pid, bool frozen);

// Whether they have stopped so; no group, or one of version 1: not.
[[nodiscard]] bool is_container_frozen(pid_t pid);

}  // namespace tobari::vmhost
