// SPDX-License-Identifier: GPL-3.0-or-later
// A display that runs alone: one source, one port, one password.
#pragma once

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "daemon/options.h"

namespace tobari::display {

// Until a signal comes, the source is lost or, with --once, the first client has left.
[[nodiscard]] Result<void> run_standalone(const Options& options, const UniqueFd& signals);

}  // namespace tobari::display
