// SPDX-License-Identifier: GPL-3.0-or-later
// How a node (VM host or gateway) becomes known to the broker and reaches it: a join token, enrolment, and a gRPC
// channel with a certificate on both sides. broker/shared/proto/tobari/host.proto is what is spoken over it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/net/pki.h>

namespace grpc {
class Channel;
}

namespace tobari::node {

// The broker's node port presents a certificate of its CA with this DNS name, whatever its address is.
inline constexpr const char* kBrokerTlsName = "tobari-broker";
inline constexpr std::size_t kMaxJoinTokenBytes = 8192;
inline constexpr std::chrono::seconds kEnrolDeadline{20};

enum class Role { kHost, kGateway };

// "tobari://host/<id>", "tobari://gateway/<id>": the only name in a node's certificate.
[[nodiscard]] std::string node_uri(Role role, std::string_view node_id);
struct NodeName {
  Role role = Role::kHost;
  std::string id;  // a UUID
};
[[nodiscard]] Result<NodeName> parse_node_uri(std::string_view uri);

// What an administrator carries from the broker to a new node. Text form: base64url of the JSON object
// {"broker": "ADDR:PORT", "token": "...", "ca": base64url of the CA certificate's DER}.
struct JoinToken {
  std::string broker;
  std::string token;  // secret, good once
  std::string ca_pem;
};
[[nodiscard]] Result<std::string> encode(const JoinToken& token);
[[nodiscard]] Result<JoinToken> decode_join_token(std::string_view text);

// What `enrol` leaves in the identity directory: ca.crt, node.crt, node.key (0600), node.id.
struct NodeIdentity {
  std::string id;
  std::string ca_pem;
  net::Identity tls;
};
[[nodiscard]] Result<NodeIdentity> load_identity(const std::filesystem::path& identity_dir);

// Asks the broker named in the token for a certificate and writes the identity: all four files or none. `name` is for
// people: 1-63 of [a-z0-9-]. kAlreadyExists, before the token is used up, when the directory holds anything. Returns
// the node's id.
[[nodiscard]] Result<std::string> enrol(std::string_view join_token, Role role, const std::string& name,
                                        const std::filesystem::path& identity_dir);

// A channel to `broker` ("ADDR:PORT") that presents the identity and accepts only the identity's CA. Connects when
// first used and again whenever the line broke (back-off 0.2-5 s); a silent peer is noticed within 20 s. No message
// above 1 MiB.
[[nodiscard]] std::shared_ptr<grpc::Channel> open_channel(const NodeIdentity& identity, const std::string& broker);

// For open_channel(): the first of these that answers, and another one when it goes away. Of several each must be a
// numeric address, all of one family.
[[nodiscard]] Result<std::string> target_of(const std::vector<std::string>& brokers);

// load_identity and open_channel.
[[nodiscard]] Result<std::shared_ptr<grpc::Channel>> open(const std::filesystem::path& identity_dir,
                                                          const std::string& broker);

}  // namespace tobari::node
