// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <span>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// Rules that a process puts on itself: it reads and runs what the system's folders of programs and libraries hold,
// reads `may_read` (files and folders), makes, changes and removes files in `may_write` (folders); nothing else, no
// TCP, no signal and no abstract socket of anybody else's where the kernel can deny those. What does not exist is left
// out. kUnavailable: this kernel has no Landlock. Source: Linux Documentation/userspace-api/landlock.rst
[[nodiscard]] Result<UniqueFd> landlock_rules(std::span<const std::filesystem::path> may_read,
                                              std::span<const std::filesystem::path> may_write);

}  // namespace tobari::vmhost
