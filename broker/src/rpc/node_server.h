// SPDX-License-Identifier: GPL-3.0-or-later
// The gRPC port for nodes: TLS with our certificate, a client's certificate asked for and, when there is one, of our
// CA.
#pragma once

#include <memory>
#include <string>

#include <tobari/base/result.h>
#include <tobari/net/pki.h>
#include <tobari/net/tcp_socket.h>

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace tobari::broker {

class NodeServer {
 public:
  // `service` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<NodeServer>> start(const net::Endpoint& listen,
                                                                 const net::Identity& identity,
                                                                 const std::string& ca_pem, grpc::Service& service);
  ~NodeServer();
  // Ends every call, at the latest after half a second.
  void stop();
  [[nodiscard]] net::Endpoint endpoint() const { return endpoint_; }

 private:
  NodeServer(std::unique_ptr<grpc::Server> server, net::Endpoint endpoint);
  std::unique_ptr<grpc::Server> server_;
  net::Endpoint endpoint_;
};

}  // namespace tobari::broker
