// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that this client tells FreeRDP about a connection, in one place.
#pragma once

#include <freerdp/settings.h>

#include <tobari/base/result.h>

#include "session/remote_display.h"

namespace tobari::client {

// TLS with a pinned certificate and nothing else; pictures, pointer and input and nothing else.
[[nodiscard]] Result<void> configure(rdpSettings* settings, const DisplayTarget& target);

}  // namespace tobari::client
