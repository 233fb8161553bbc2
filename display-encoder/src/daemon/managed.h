// SPDX-License-Identifier: GPL-3.0-or-later
// A display that a host agent started: everything comes over the control socket (display_control.proto), and only that.
#pragma once

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "daemon/options.h"

namespace tobari::display {

// Until a signal comes or the agent closes the socket.
[[nodiscard]] Result<void> run_managed(const Options& options, const UniqueFd& signals);

}  // namespace tobari::display
