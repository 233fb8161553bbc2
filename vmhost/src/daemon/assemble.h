// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tobari/base/result.h>

#include "daemon/config.h"

namespace tobari::vmhost {

struct RunOptions {
  bool stop_desktops_on_exit = false;
};

// Makes every part, joins them, runs until SIGTERM or SIGINT. The signals must be blocked in every thread.
[[nodiscard]] Result<void> run_host(const Config& config, RunOptions options);

}  // namespace tobari::vmhost
