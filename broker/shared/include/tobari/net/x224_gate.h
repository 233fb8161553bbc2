// SPDX-License-Identifier: GPL-3.0-or-later
// The first packet of an RDP connection, read by our own parser before any RDP library sees a byte: TPKT (RFC 1006),
// X.224 Connection Request (ITU-T X.224 13.3), routing token or cookie, RDP_NEG_REQ, RDP_NEG_CORRELATION_INFO
// ([MS-RDPBCGR] 2.2.1.1). Pure: no I/O, no clock, no state.
//
// Stricter than the specification where a second reader could see something else: every length must agree with every
// other, nothing may follow, and a request is either understood whole or refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::net {

// The header's length byte ends at 254, so no valid request is longer. Whoever reads needs no larger buffer.
inline constexpr std::size_t kMaxConnectionRequestBytes = 4 + 1 + 254;

// random_token(): 32 bytes as base64url.
inline constexpr std::size_t kRoutingTokenLength = 43;

// Bits of RDP_NEG_REQ requestedProtocols.
inline constexpr std::uint32_t kProtocolSsl = 0x1;
inline constexpr std::uint32_t kProtocolHybrid = 0x2;
inline constexpr std::uint32_t kProtocolRdstls = 0x4;
inline constexpr std::uint32_t kProtocolHybridEx = 0x8;
inline constexpr std::uint32_t kProtocolRdsAad = 0x10;

struct ConnectionRequest {
  // The routing token without "Cookie: msts=" and line end; any printable ASCII. Empty: there was none.
  // A client given the bare text (xfreerdp3 /load-balance-info:TEXT) and one redirected ("Cookie: msts=TEXT") are
  // alike.
  std::string routing_token;
  std::string cookie_user;                // what follows "Cookie: mstshash=": a hint for people, proves nothing
  std::uint32_t requested_protocols = 0;  // 0 also when there was no RDP_NEG_REQ: an old client
  std::size_t size = 0;  // bytes of the request; more bytes behind them are an error of the caller's peer

  // Only such a request may go on. Any other is answered with ssl_required_reply() and closed.
  [[nodiscard]] bool offers_tls() const noexcept { return (requested_protocols & kProtocolSsl) != 0; }
};

// `bytes`: what has arrived so far, from the first byte of the connection. Empty optional: more is needed.
// kPeerProtocol as soon as it is certain that no request can come of it: often at the first byte.
[[nodiscard]] Result<std::optional<ConnectionRequest>> parse_connection_request(std::span<const std::byte> bytes);

// Has the form of a token of ours (43 characters of base64url); says nothing about its being known.
[[nodiscard]] bool is_routing_token(std::string_view text) noexcept;

// X.224 Connection Confirm with RDP_NEG_FAILURE, SSL_REQUIRED_BY_SERVER ([MS-RDPBCGR] 2.2.1.2.2). Close after it.
[[nodiscard]] std::span<const std::byte, 19> ssl_required_reply() noexcept;

}  // namespace tobari::net
