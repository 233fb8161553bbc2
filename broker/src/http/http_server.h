// SPDX-License-Identifier: GPL-3.0-or-later
// HTTPS for programs and people: TLS 1.2 or later, HTTP/1.1 with keep-alive. Everything a client controls has a
// maximum: header, body, time and number of connections. Malformed input ends that connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tobari/base/result.h>
#include <tobari/net/pki.h>
#include <tobari/net/tcp_socket.h>

#include "http/device_certificates.h"
#include "http/message.h"

namespace tobari::broker {

struct HttpLimits {
  std::uint32_t header_bytes = 8 * 1024;
  std::uint64_t body_bytes = std::uint64_t{64} * 1024;
  std::size_t connections = 1024;
  std::size_t connections_per_address = 256;  // offices share one
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds request{30'000};  // from the first wait to the last byte; also an idle keep-alive
  std::chrono::milliseconds answer{30'000};   // for the handler, then again for sending
};

class HttpServer {
 public:
  // Listens when this returns; `handler` is called on the server's thread and must return at once. Without `devices`
  // no client is asked for a certificate.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const net::Endpoint& listen,
                                                                 const net::Identity& identity, RequestHandler handler,
                                                                 HttpLimits limits = {},
                                                                 std::unique_ptr<DeviceCertificates> devices = nullptr);
  ~HttpServer();
  // Closes every connection; on return `handler` is not called any more. Answers given later are dropped.
  void stop();
  [[nodiscard]] net::Endpoint endpoint() const;
  [[nodiscard]] std::size_t open_connections() const;

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tobari::broker
