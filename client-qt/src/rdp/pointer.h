// SPDX-License-Identifier: GPL-3.0-or-later
// The server's pointer shapes as images. FreeRDP keeps the cache; a shape is converted once.
#pragma once

#include "rdp/link_context.h"

namespace tobari::client {

void register_pointer(rdpContext* context);

}  // namespace tobari::client
