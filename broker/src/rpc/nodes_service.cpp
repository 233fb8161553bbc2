// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/nodes_service.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include <grpc/grpc_security_constants.h>

#include <tobari/base/image_ref.h>
#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/net/grpc_status.h>
#include <tobari/net/node_link.h>

#include "core/names.h"
#include "core/sha256.h"
#include "rpc/attach_stream.h"
#include "rpc/session_reports.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxJoinSecret = 64;
constexpr std::size_t kMaxImageFileName = 64;

grpc::Status busy() { return node::status_of(fail(Errc::kUnavailable, "the broker is busy: try again").error()); }

// A stream that ends as soon as it has begun.
class RefusedStream final : public grpc::ServerBidiReactor<wire::FromHost, wire::ToHost> {
 public:
  explicit RefusedStream(const Error& why) { Finish(node::status_of(why)); }
  void OnDone() override { delete this; }
};

NodeRole role_of(node::Role role) { return role == node::Role::kHost ? NodeRole::kHost : NodeRole::kGateway; }
node::Role role_of(NodeRole role) { return role == NodeRole::kHost ? node::Role::kHost : node::Role::kGateway; }

}  // namespace

NodesService::NodesService(Parts parts) : parts_(parts) {}

void NodesService::stop() {
  calls_.stop();
  reports_.stop();
}

// gRPC has checked that the certificate is of our CA; the name in it says which node, and the database whether that
// node is still one.
Result<Node> NodesService::caller(const grpc::CallbackServerContext& context, NodeRole role) {
  const auto names = context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  if (names.size() != 1) return fail(Errc::kUnauthenticated, "a node's certificate is needed: enrol first");
  TOBARI_ASSIGN(const auto name, node::parse_node_uri({names.front().data(), names.front().size()}));
  TOBARI_ASSIGN(const HostId id, HostId::parse(name.id));
  if (role_of(name.role) != role) return fail(Errc::kPermissionDenied, "this call is not for this kind of node");
  auto node = node_of(id);
  if (!node.has_value() && node.error().code == Errc::kNotFound) {
    return fail(Errc::kPermissionDenied, "this node was removed: enrol it again");
  }
  if (node.has_value() && node->role != role) return fail(Errc::kPermissionDenied, "the node has another role");
  return node;
}

Result<Node> NodesService::node_of(const HostId& id) {
  auto node = parts_.store.get([&id](const Reader& reader) { return reader.node(id); });
  const std::scoped_lock lock(known_mutex_);
  if (node.has_value()) {
    if (node->role == NodeRole::kHost) known_.insert_or_assign(id, *node);
  } else if (node.error().code == Errc::kNotFound) {
    known_.erase(id);
  } else if (const auto known = known_.find(id); known != known_.end()) {
    return known->second;
  }
  return node;
}

void NodesService::keep_only(std::span<const Host> hosts) {
  std::set<HostId> there;
  for (const Host& host : hosts) there.insert(host.id);
  const std::scoped_lock lock(known_mutex_);
  std::erase_if(known_, [&there](const auto& entry) { return !there.contains(entry.first); });
}

grpc::ServerBidiReactor<wire::FromHost, wire::ToHost>* NodesService::Attach(grpc::CallbackServerContext* context) {
  auto host = caller(*context, NodeRole::kHost);
  if (!host.has_value()) {
    log::warning("host refused", {{"peer", context->peer()}, {"why", host.error().message}});
    return new RefusedStream(host.error());
  }
  return AttachStream::start(*this, context, std::move(*host));
}

grpc::ServerUnaryReactor* NodesService::RedeemRoute(grpc::CallbackServerContext* context,
                                                    const wire::RedeemRouteRequest* request,
                                                    wire::RedeemRouteReply* reply) {
  auto* reactor = context->DefaultReactor();
  auto gateway = caller(*context, NodeRole::kGateway);
  if (!gateway.has_value()) {
    log::warning("gateway refused", {{"peer", context->peer()}, {"why", gateway.error().message}});
    reactor->Finish(node::status_of(gateway.error()));
    return reactor;
  }
  // request and reply live until Finish().
  auto work = [this, reactor, gateway = std::move(*gateway), request, reply] {
    auto redeemed = redeem_route(parts_.store, parts_.clock, parts_.metrics, parts_.hosts, gateway, *request);
    if (redeemed.has_value()) *reply = std::move(*redeemed);
    reactor->Finish(redeemed.has_value() ? grpc::Status::OK : node::status_of(redeemed.error()));
  };
  if (!calls_.post(std::move(work))) reactor->Finish(busy());
  return reactor;
}

// From one host to another through here, so that a host needs no open port and nobody's certificate but ours. The
// bytes are looked at by nobody: who copies has the digest.
grpc::ServerUnaryReactor* NodesService::FetchImagePart(grpc::CallbackServerContext* context,
                                                       const wire::FetchImagePartRequest* request,
                                                       wire::FetchImagePartReply* reply) {
  auto* reactor = context->DefaultReactor();
  const auto host = caller(*context, NodeRole::kHost);
  const auto refuse = [reactor](const Error& why) {
    reactor->Finish(node::status_of(why));
    return reactor;
  };
  if (!host.has_value()) return refuse(host.error());
  const auto ref = parse_image_ref(request->image());
  if (!ref.has_value() || ref->version == 0 || request->file().empty() || request->file().size() > kMaxImageFileName) {
    return refuse(fail(Errc::kInvalidArgument, "not a file of an image").error());
  }
  if (parts_under_way_.fetch_add(1) >= kMaxPartsUnderWay) {
    parts_under_way_.fetch_sub(1);
    return refuse(fail(Errc::kExhausted, "too many copies of images are under way: try again").error());
  }
  wire::ReadImagePart message;
  message.set_request_id(random_uuid());
  message.set_image(request->image());
  message.set_file(request->file());
  message.set_offset(request->offset());
  message.set_most(std::min(request->most(), kMaxImagePartBytes));
  // reply lives until Finish().
  parts_.hosts.fetch_image_part(host->id, std::move(message), [this, reactor, reply](Result<TakenImagePart> part) {
    parts_under_way_.fetch_sub(1);
    if (part.has_value()) {
      reply->set_bytes(std::move(part->bytes));
      reply->set_file_bytes(part->file_bytes);
    }
    reactor->Finish(part.has_value() ? grpc::Status::OK : node::status_of(part.error()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* NodesService::Enrol(grpc::CallbackServerContext* context, const wire::EnrolRequest* request,
                                              wire::EnrolReply* reply) {
  auto* reactor = context->DefaultReactor();
  auto work = [this, reactor, request, reply, peer = context->peer()] {
    auto enrolled = enrol(*request, peer);
    if (enrolled.has_value()) {
      *reply = std::move(*enrolled);
      reactor->Finish(grpc::Status::OK);
      return;
    }
    log::warning("enrolment refused", {{"peer", peer}, {"why", describe(enrolled.error())}});
    reactor->Finish(node::status_of(enrolled.error()));
  };
  if (!calls_.post(std::move(work))) reactor->Finish(busy());
  return reactor;
}

Result<wire::EnrolReply> NodesService::enrol(const wire::EnrolRequest& request, const std::string& peer) {
  const auto refused = fail(Errc::kUnauthenticated, "the join token is not valid: make a new one");
  // First the token, which costs a look-up; the certificate request is parsed for those only who have one.
  if (request.join_token().size() > kMaxJoinSecret) return refused;
  const std::string hash = sha256_hex(request.join_token());
  auto token = parts_.store.get([&hash](const Reader& reader) { return reader.join_token(hash); });
  if (!token.has_value()) {
    if (token.error().code != Errc::kNotFound) return std::unexpected<Error>(token.error());
    return refused;
  }
  if (token->expires_at <= parts_.clock.wall()) return refused;
  const auto wanted = request.role() == wire::NODE_ROLE_HOST ? NodeRole::kHost : NodeRole::kGateway;
  if (request.role() == wire::NODE_ROLE_UNSPECIFIED || wanted != token->role) {
    return fail(Errc::kPermissionDenied, std::format("the join token is for a {}", to_string(token->role)));
  }
  const Node node{HostId::random(), token->name, token->role, parts_.clock.wall()};
  const net::CertificateNames names{
      .common_name = node.name, .uri = node::node_uri(role_of(node.role), node.id.str()), .dns = {}, .ips = {}};
  TOBARI_ASSIGN(const std::string certificate,
                net::issue(parts_.ca, std::as_bytes(std::span(request.certificate_request())), names,
                           {parts_.clock.wall(), kNodeCertificateDays}));
  TOBARI_ASSIGN(const net::Der der, net::certificate_to_der(certificate));
  TOBARI_ASSIGN(const net::Der ca, net::certificate_to_der(parts_.ca.certificate_pem));
  auto stored = parts_.store.act([&hash, &node, &peer](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.remove_join_token(hash));
    TOBARI_TRY(writer.add_node(node));
    return AuditDraft{.actor = std::format("{}/{}", to_string(node.role), node.name),
                      .action = "node.enrol",
                      .object = node.id.str(),
                      .client_address = peer,
                      .outcome = Outcome::kDone,
                      .rule = "",
                      .detail = ""};
  });
  if (!stored.has_value()) {
    if (stored.error().code == Errc::kNotFound) return refused;  // used in between
    if (stored.error().code == Errc::kAlreadyExists) {
      return fail(Errc::kAlreadyExists, std::format("a {} named {} exists: remove it first, or use another name",
                                                    to_string(node.role), node.name));
    }
    return std::unexpected<Error>(stored.error());
  }
  wire::EnrolReply reply;
  reply.set_node_id(node.id.str());
  reply.set_certificate(der.data(), der.size());
  reply.set_ca_certificate(ca.data(), ca.size());
  log::info("node enrolled", {{"role", std::string(to_string(node.role))}, {"name", node.name}});
  return reply;
}

}  // namespace tobari::broker
