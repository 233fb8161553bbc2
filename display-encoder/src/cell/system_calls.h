// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

#include <tobari/base/result.h>

namespace tobari::display {

// At most; docs/SECURITY.md promises it.
inline constexpr std::size_t kMaxSystemCalls = 40;

// From here on this thread and those that it starts may make only the calls of a short list, some with fixed arguments
// (no memory that can be executed, no process, sockets in pairs only). Any other call fails with ENOSYS, and those that
// only an intruder would try end the process. Gives the number of calls that are left.
[[nodiscard]] Result<std::size_t> limit_system_calls();

}  // namespace tobari::display
