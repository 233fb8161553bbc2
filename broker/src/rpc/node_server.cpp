// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/node_server.h"

#include <chrono>
#include <format>
#include <utility>

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

namespace tobari::broker {
namespace {

constexpr int kMaxMessageBytes = 1024 * 1024;
constexpr std::size_t kMaxMemoryBytes = std::size_t{256} * 1024 * 1024;
constexpr int kMaxThreads = 16;

void set_keepalive(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Nodes ping as well; gRPC would otherwise take pings closer than five minutes for an attack.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 4'000);
  // Two brokers must not share a port unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

}  // namespace

NodeServer::NodeServer(std::unique_ptr<grpc::Server> server, net::Endpoint endpoint)
    : server_(std::move(server)), endpoint_(std::move(endpoint)) {}

NodeServer::~NodeServer() { stop(); }

void NodeServer::stop() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
  server_->Wait();
}

Result<std::unique_ptr<NodeServer>> NodeServer::start(const net::Endpoint& listen, const net::Identity& identity,
                                                      const std::string& ca_pem, grpc::Service& service) {
  // Not "require": Enrol comes without a certificate. The service refuses every other call that does.
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = ca_pem;
  tls.pem_key_cert_pairs.push_back({identity.key_pem, identity.certificate_pem});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(net::to_string(listen), grpc::SslServerCredentials(tls), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetResourceQuota(grpc::ResourceQuota("nodes").Resize(kMaxMemoryBytes).SetMaxThreads(kMaxThreads));
  set_keepalive(builder);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return fail(Errc::kUnavailable,
                std::format("listen for nodes on {}: the address is taken or not ours", net::to_string(listen)));
  }
  net::Endpoint endpoint{listen.address, static_cast<std::uint16_t>(port)};
  return std::unique_ptr<NodeServer>(new NodeServer(std::move(server), std::move(endpoint)));
}

}  // namespace tobari::broker
