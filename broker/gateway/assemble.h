// SPDX-License-Identifier: GPL-3.0-or-later
// Puts the parts of tobari-gateway together.
#pragma once

#include <filesystem>
#include <string>

#include <tobari/base/result.h>

#include "config.h"

namespace tobari::gateway {

// Serves until SIGTERM or SIGINT; SIGUSR1 logs the counters. Blocks these signals in the calling thread, which must be
// the only one.
[[nodiscard]] Result<void> serve(const Config& config);

// `name` empty: the machine's host name. Prints the node's id.
[[nodiscard]] Result<void> enrol(const Config& config, const std::string& join_token, std::string name);

}  // namespace tobari::gateway
