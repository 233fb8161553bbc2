// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tobari/base/result.h>

namespace tobari::display {

// New user, mount, network, IPC and host name spaces; the only file system is an empty one that cannot be written; no
// capability is left. kUnavailable: this kernel or its administrator allows no user name spaces, and nothing has
// changed.
[[nodiscard]] Result<void> enter_name_spaces();

}  // namespace tobari::display
