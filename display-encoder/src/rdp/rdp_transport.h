// SPDX-License-Identifier: GPL-3.0-or-later
// RDP clients as DisplayTransport. One thread owns FreeRDP's peer; everybody else leaves a note for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <tobari/base/unique_fd.h>
#include <tobari/display/display_transport.h>

#include "rdp/tls_identity.h"

namespace tobari::display {

struct RdpOptions {
  std::string client_address;  // for logs
  std::string session_id;      // for which the connection was brought here; empty when nobody said
  // From accept to a whole connection request, which every client sends by itself. Whoever is slower is dropped.
  std::chrono::milliseconds request_deadline{10'000};
  // From accept to a picture: TLS, ticket, capabilities. Meanwhile clients ask people whether they trust the
  // certificate, and some for the password.
  std::chrono::milliseconds handshake_deadline{60'000};
  // Unacknowledged TCP data for this long ends the connection (TCP_USER_TIMEOUT).
  std::chrono::milliseconds silence_deadline{30'000};
};

// `connection`: an accepted TCP socket of which nothing was read. Its first packet goes through the X.224 gate here as
// well; only what passed reaches FreeRDP, and FreeRDP is allowed TLS only. `identity` and `admission` outlive it.
[[nodiscard]] std::unique_ptr<DisplayTransport> make_rdp_transport(UniqueFd connection, const TlsIdentity& identity,
                                                                   Admission& admission, RdpOptions options);

}  // namespace tobari::display
