// SPDX-License-Identifier: GPL-3.0-or-later
// One GET over plain HTTP/1.1: of a program's metrics and health, which are served without TLS on loopback.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

namespace tobari::cli {

struct PlainAnswer {
  int status = 0;
  std::string body;
};

// The body up to the connection's end. kPeerProtocol: no HTTP, or more than `most` bytes.
[[nodiscard]] Result<PlainAnswer> get_plain(const net::Endpoint& server, const std::string& path,
                                            std::chrono::milliseconds within, std::size_t most);

}  // namespace tobari::cli
