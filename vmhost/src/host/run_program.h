// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// Runs a program of the system without a shell and waits for its end; its complaints go to our standard error.
[[nodiscard]] Result<void> run_program(std::vector<std::string> arguments);

}  // namespace tobari::vmhost
