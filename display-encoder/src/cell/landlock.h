// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tobari/base/result.h>

namespace tobari::display {

// Everything that this kernel's Landlock can deny is denied, without an exception: paths, TCP ports, and since ABI 6
// signals and abstract sockets of others. Gives the kernel's ABI version; an error when it has no Landlock.
// Source: Linux Documentation/userspace-api/landlock.rst
[[nodiscard]] Result<int> deny_by_landlock();

}  // namespace tobari::display
