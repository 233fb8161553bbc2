// SPDX-License-Identifier: GPL-3.0-or-later
// Which of our reasons a FreeRDP error is. Pure.
#pragma once

#include <cstdint>

#include "session/remote_display.h"

namespace tobari::client {

// `error`: freerdp_get_last_error(); `error_info`: freerdp_error_info(), what the server said; `activated`: the
// handshake was through.
[[nodiscard]] DisplayEnd end_reason_of(std::uint32_t error, std::uint32_t error_info, bool activated);

}  // namespace tobari::client
