// SPDX-License-Identifier: GPL-3.0-or-later
// The broker's node port in a few lines: a real gRPC server on loopback with mutual TLS, one join token, routes good
// once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include <tobari/base/random.h>
#include <tobari/host.grpc.pb.h>
#include <tobari/net/grpc_status.h>
#include <tobari/net/node_link.h>
#include <tobari/net/pki.h>

namespace tobari::testing_support {

class FakeBroker final : public wire::Nodes::Service {
 public:
  // `port` 0: any. A broker that "restarts" is a second one of the same CA at the same port.
  explicit FakeBroker(net::Identity ca, int port = 0) : ca_(std::move(ca)) {
    const auto server = net::issue_with_new_key(
        ca_, {.common_name = "broker", .uri = {}, .dns = {node::kBrokerTlsName}, .ips = {}}, day());
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = ca_.certificate_pem;
    tls.pem_key_cert_pairs.push_back({server->key_pem, server->certificate_pem});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;
  ~FakeBroker() override { server_->Shutdown(std::chrono::system_clock::now()); }

  [[nodiscard]] static net::Validity day() { return {.now = std::chrono::system_clock::now(), .days = 1}; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string join_token() const {
    return node::encode({.broker = address(), .token = token, .ca_pem = ca_.certificate_pem}).value();
  }
  void add_route(const std::string& routing_token, const std::string& front_address, std::uint16_t front_port) {
    const std::scoped_lock lock(mutex_);
    wire::RedeemRouteReply& route = routes_[routing_token];
    route.set_address(front_address);
    route.set_port(front_port);
    route.set_session_id(random_uuid());
  }
  [[nodiscard]] std::vector<std::string> clients() const {
    const std::scoped_lock lock(mutex_);
    return clients_;
  }
  // The URI in the certificate of who redeemed last.
  [[nodiscard]] std::string last_caller() const {
    const std::scoped_lock lock(mutex_);
    return last_caller_;
  }

  grpc::Status Enrol(grpc::ServerContext*, const wire::EnrolRequest* request, wire::EnrolReply* reply) override {
    if (request->join_token() != token) return {grpc::StatusCode::UNAUTHENTICATED, "unknown or used join token"};
    const std::string id = random_uuid();
    const node::Role role = request->role() == wire::NODE_ROLE_HOST ? node::Role::kHost : node::Role::kGateway;
    const std::string uri = node::node_uri(role, names_another_node ? random_uuid() : id);
    const auto issued = net::issue(ca_, std::as_bytes(std::span(request->certificate_request())),
                                   {.common_name = request->name(), .uri = uri, .dns = {}, .ips = {}}, day());
    if (!issued) return node::status_of(issued.error());
    const net::Der leaf = net::certificate_to_der(*issued).value();
    const net::Der root = net::certificate_to_der(ca_.certificate_pem).value();
    reply->set_node_id(id);
    reply->set_certificate(leaf.data(), leaf.size());
    reply->set_ca_certificate(root.data(), root.size());
    token.clear();
    return grpc::Status::OK;
  }

  grpc::Status RedeemRoute(grpc::ServerContext* call, const wire::RedeemRouteRequest* request,
                           wire::RedeemRouteReply* reply) override {
    const auto certificates = call->auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
    if (certificates.empty()) return {grpc::StatusCode::UNAUTHENTICATED, "no certificate"};
    const std::scoped_lock lock(mutex_);
    last_caller_ = net::only_uri({certificates[0].data(), certificates[0].size()}).value_or("?");
    clients_.push_back(request->client_address());
    const auto route = routes_.extract(request->routing_token());
    if (route.empty()) return {grpc::StatusCode::NOT_FOUND, "unknown, used or expired routing token"};
    *reply = route.mapped();
    return grpc::Status::OK;
  }

  std::string token = random_token();  // the join token; empty once used
  bool names_another_node = false;     // answers an enrolment with somebody else's certificate

 private:
  net::Identity ca_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, wire::RedeemRouteReply> routes_;
  std::vector<std::string> clients_;
  std::string last_caller_;
};

}  // namespace tobari::testing_support
