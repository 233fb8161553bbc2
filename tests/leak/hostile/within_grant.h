// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard where it is granted: what the grant names passes, byte for byte, and nothing else does, whatever either
// side offers, asks for or claims.
#pragma once

#include <cstddef>
#include <string>

#include <tobari/base/result.h>

#include "clipboard_trial.h"

namespace tobari::leak {

// Each grant with a display process of its own.
[[nodiscard]] Result<void> try_within_grant(const std::string& program, std::size_t attempts, ClipboardTrial::Say say);

}  // namespace tobari::leak
