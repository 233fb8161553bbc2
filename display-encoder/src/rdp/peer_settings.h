// SPDX-License-Identifier: GPL-3.0-or-later
// What we offer to every client, and above all what we do not.
#pragma once

#include <freerdp/freerdp.h>

#include <tobari/base/result.h>

#include "rdp/tls_identity.h"

namespace tobari::display {

// Before the peer is initialised. Only TLS of at least 1.2 is left as a way in: each of the others has had a hole
// before the sign-in (docs/ARCHITECTURE.md, D3).
[[nodiscard]] Result<void> offer(rdpSettings* settings, const TlsIdentity& identity);

// Guard against a negotiation that went wrong and goes on: true when TLS, and nothing else, was selected.
[[nodiscard]] bool only_tls_selected(const rdpSettings* settings);

}  // namespace tobari::display
