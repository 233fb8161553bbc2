// SPDX-License-Identifier: GPL-3.0-or-later
// TCP sockets for programs that hold them as descriptors: non-blocking, close-on-exec, IPv4 and IPv6.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

struct sockaddr_storage;

namespace tobari::net {

struct Endpoint {
  std::string address;  // numeric IPv4 or IPv6 without brackets, or, for connecting only, a host name
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "127.0.0.1:3389", "[::1]:3389", "host.example:3389". Port 0 is allowed: the kernel picks one.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

// Bound and listening. The address must be numeric; "::" takes IPv4 as well.
[[nodiscard]] Result<UniqueFd> listen_tcp(const Endpoint& endpoint, int backlog = 1024);

// Begins to connect; the socket turns writable when done, then connect_result() says how it went.
// The address must be numeric: a name would block.
[[nodiscard]] Result<UniqueFd> start_connect(const Endpoint& endpoint);
[[nodiscard]] Result<void> connect_result(int fd);

// Resolves names, tries each address, blocks up to `timeout` in all (name resolution excepted).
[[nodiscard]] Result<UniqueFd> connect_tcp(const Endpoint& endpoint, std::chrono::milliseconds timeout);

// Where a socket is bound or connected to, in numeric form. IPv4 in an IPv6 socket reads as IPv4.
[[nodiscard]] Result<Endpoint> local_endpoint(int fd);
[[nodiscard]] Result<Endpoint> peer_endpoint(int fd);
[[nodiscard]] Endpoint to_endpoint(const sockaddr_storage& address);

// For long quiet connections: no Nagle delay; a peer that is gone is noticed in about `gone_after`, whether bytes are
// under way (TCP_USER_TIMEOUT) or none are (keepalive).
[[nodiscard]] Result<void> tune_session_socket(int fd, std::chrono::seconds gone_after);

}  // namespace tobari::net
