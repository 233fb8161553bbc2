// SPDX-License-Identifier: GPL-3.0-or-later
// The channels of a connection: drdynvc, and in it graphics, display control and, when the server opens it,
// the desktop's sound. The lists are here, not in settings
// that somebody could switch on: what this does not load does not exist, whatever a server asks for.
#pragma once

#include "rdp/link_context.h"

namespace tobari::client {

// For freerdp::LoadChannels.
BOOL load_channels(freerdp* instance);
// To be called before the connection is made; the events come when the server opens a channel.
[[nodiscard]] bool watch_channels(rdpContext* context);
void unwatch_channels(rdpContext* context);

}  // namespace tobari::client
