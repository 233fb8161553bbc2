// SPDX-License-Identifier: GPL-3.0-or-later
// Input as RDP messages; on the connection's thread.
#pragma once

#include "rdp/link_context.h"

namespace tobari::client {

// False when the line does not take it.
[[nodiscard]] bool send_input(rdpContext* context, const Input& input);

}  // namespace tobari::client
