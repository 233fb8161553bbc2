// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the codecs that a client claims it is believed to have, and what else is known of it. Two tables
// (client_table.cpp): what the versions and flags of the graphics pipeline mean (MS-RDPEGFX 2.2.3), and clients that
// are known to claim too much. A client that is in neither and misbehaves is found out while it is used
// (session/codec_trust.h). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tobari/display/encoder.h>

namespace tobari::display {

// The client's own claims (MS-RDPBCGR 2.2.1.3.2 Client Core Data, 2.2.7.1.1 General Capability Set).
struct ClientClaims {
  std::string name;  // of its computer, as far as it is known
  std::uint32_t build = 0;
  std::uint16_t os_major = 0;
};

// The graphics version that a client is confirmed, newest first, and what it can decode then.
inline constexpr std::uint32_t kGraphicsVersions[] = {0x000A0701, 0x000A0600, 0x000A0502, 0x000A0400, 0x000A0301,
                                                      0x000A0200, 0x000A0100, 0x000A0002, 0x00080105, 0x00080004};

// By the specification; none: no version that we know.
[[nodiscard]] std::optional<ClientCodecs> codecs_of(std::uint32_t version, std::uint32_t flags);

// Less what this client is known not to have.
[[nodiscard]] ClientCodecs believed(ClientCodecs claimed, const ClientClaims& client);

// Whether it is known to take dynamic channels' data in pieces longer than the specification has them
// (DvcServer::kLongPdu).
[[nodiscard]] bool takes_long_pdus(const ClientClaims& client);

}  // namespace tobari::display
