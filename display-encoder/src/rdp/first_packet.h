// SPDX-License-Identifier: GPL-3.0-or-later
// The X.224 gate in front of FreeRDP: looks at a connection's first packet without taking it.
#pragma once

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

namespace tobari::display {

// Waits for the first packet of `fd`, until `deadline` or until somebody shuts the socket down. Success: it is whole,
// well-formed and offers TLS, and still unread. Otherwise the client has been answered as far as it can be; close the
// connection. kPeerProtocol: malformed, or something else than TLS; kTimeout; kUnavailable: it went away.
[[nodiscard]] Result<void> await_connection_request(int fd, Clock::Steady deadline);

}  // namespace tobari::display
