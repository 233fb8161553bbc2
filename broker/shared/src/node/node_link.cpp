// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/node_link.h>

#include <algorithm>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <tobari/base/ids.h>
#include <tobari/host.grpc.pb.h>
#include <tobari/net/grpc_status.h>
#include <tobari/net/tcp_socket.h>

#include "identity_files.h"

namespace tobari::node {
namespace {

constexpr int kMaxMessageBytes = 1 << 20;
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinBackoffMs = 200;
constexpr int kMaxBackoffMs = 5'000;
constexpr std::size_t kMaxNodeName = 63;

std::shared_ptr<grpc::Channel> channel_to(const std::string& broker, const grpc::SslCredentialsOptions& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(kBrokerTlsName);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinBackoffMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMinBackoffMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // two identities in one process stay apart
  return grpc::CreateCustomChannel(broker, grpc::SslCredentials(tls), arguments);
}

bool is_node_name(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kMaxNodeName && std::ranges::all_of(name, allowed);
}

wire::NodeRole to_wire(Role role) { return role == Role::kHost ? wire::NODE_ROLE_HOST : wire::NODE_ROLE_GATEWAY; }

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

Result<wire::EnrolReply> ask(const JoinToken& token, const wire::EnrolRequest& request) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = token.ca_pem;
  const auto stub = wire::Nodes::NewStub(channel_to(token.broker, tls));
  grpc::ClientContext call;
  call.set_deadline(std::chrono::system_clock::now() + kEnrolDeadline);
  wire::EnrolReply reply;
  const grpc::Status status = stub->Enrol(&call, request, &reply);
  if (!status.ok()) return context(error_of(status), "enrol at " + token.broker);
  return reply;
}

// The broker is trusted to name us, but a reply that does not fit our key or our CA would only fail later, in the dark.
Result<NodeIdentity> identity_from(const wire::EnrolReply& reply, const JoinToken& token, std::string key_pem,
                                   Role role) {
  NodeIdentity identity;
  identity.id = reply.node_id();
  identity.tls.key_pem = std::move(key_pem);
  TOBARI_ASSIGN(identity.tls.certificate_pem, net::certificate_from_der(bytes_of(reply.certificate())));
  TOBARI_ASSIGN(identity.ca_pem, net::certificate_from_der(bytes_of(reply.ca_certificate())));
  if (identity.ca_pem != token.ca_pem) return fail(Errc::kUnauthenticated, "the broker answered with another CA");
  TOBARI_TRY(net::check_pair(identity.tls));
  TOBARI_TRY(net::verify(identity.tls.certificate_pem, identity.ca_pem, std::chrono::system_clock::now()));
  TOBARI_ASSIGN(const std::string uri, net::only_uri(identity.tls.certificate_pem));
  if (!is_uuid(identity.id) || uri != node_uri(role, identity.id)) {
    return fail(Errc::kUnauthenticated, "the broker's certificate names another node");
  }
  return identity;
}

}  // namespace

Result<std::string> enrol(std::string_view join_token, Role role, const std::string& name,
                          const std::filesystem::path& identity_dir) {
  if (!is_node_name(name))
    return fail(Errc::kInvalidArgument, "a node's name has 1 to 63 characters of a-z, 0-9 and -");
  TOBARI_ASSIGN(const JoinToken token, decode_join_token(join_token));
  TOBARI_ASSIGN(IdentityWriter writer, IdentityWriter::create(identity_dir));
  TOBARI_ASSIGN(std::string key_pem, net::make_key());
  TOBARI_ASSIGN(const net::Der certificate_request, net::make_request(key_pem, name));

  wire::EnrolRequest request;
  request.set_join_token(token.token);
  request.set_role(to_wire(role));
  request.set_name(name);
  request.set_certificate_request(certificate_request.data(), certificate_request.size());
  TOBARI_ASSIGN(const wire::EnrolReply reply, ask(token, request));
  TOBARI_ASSIGN(const NodeIdentity identity, identity_from(reply, token, std::move(key_pem), role));
  TOBARI_TRY(writer.commit(identity));
  return identity.id;
}

std::shared_ptr<grpc::Channel> open_channel(const NodeIdentity& identity, const std::string& broker) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = identity.ca_pem;
  tls.pem_private_key = identity.tls.key_pem;
  tls.pem_cert_chain = identity.tls.certificate_pem;
  return channel_to(broker, tls);
}

Result<std::string> target_of(const std::vector<std::string>& brokers) {
  if (brokers.empty()) return fail(Errc::kInvalidArgument, "names no broker");
  if (brokers.size() == 1) return brokers.front();
  std::string target;
  bool first_is_v6 = false;
  for (const std::string& each : brokers) {
    TOBARI_ASSIGN(const net::Endpoint endpoint, net::parse_endpoint(each));
    const bool v6 = endpoint.address.contains(':');
    const bool v4 = !v6 && endpoint.address.find_first_not_of("0123456789.") == std::string::npos;
    if (!v4 && !v6) return fail(Errc::kInvalidArgument, "needs numeric addresses where it names several brokers");
    if (target.empty()) {
      first_is_v6 = v6;
      target = v6 ? "ipv6:" : "ipv4:";
    } else {
      if (v6 != first_is_v6) return fail(Errc::kInvalidArgument, "needs addresses of one family: IPv4 or IPv6");
      target += ',';
    }
    target += net::to_string(endpoint);
  }
  return target;
}

Result<std::shared_ptr<grpc::Channel>> open(const std::filesystem::path& identity_dir, const std::string& broker) {
  TOBARI_ASSIGN(const NodeIdentity identity, load_identity(identity_dir));
  return open_channel(identity, broker);
}

}  // namespace tobari::node
