// SPDX-License-Identifier: GPL-3.0-or-later
// FreeRDP's C callbacks: each finds the RdpPeer and calls one member.
#pragma once

#include <freerdp/peer.h>
#include <freerdp/transport_io.h>

namespace tobari::display {

// The peer's ContextExtra is its RdpPeer. `io` is changed, not set.
void install_callbacks(freerdp_peer* peer, rdpTransportIo& io);

}  // namespace tobari::display
