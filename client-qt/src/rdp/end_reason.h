// SPDX-License-Identifier: GPL-3.0-or-later
// Which of our reasons a FreeRDP error is. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "session/remote_display.h"

namespace tobari::client {

// `error`: freerdp_get_last_error(); `error_info`: freerdp_error_info(), what the server said. None: nobody gave a
// reason, the line just ended.
[[nodiscard]] std::optional<DisplayEnd> end_reason_of(std::uint32_t error, std::uint32_t error_info);

}  // namespace tobari::client
