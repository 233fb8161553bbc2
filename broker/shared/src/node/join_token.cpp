// SPDX-License-Identifier: GPL-3.0-or-later
#include <nlohmann/json.hpp>

#include <tobari/base/ids.h>
#include <tobari/base/random.h>
#include <tobari/net/node_link.h>

namespace tobari::node {
namespace {

using nlohmann::json;

constexpr std::string_view kHostUri = "tobari://host/";
constexpr std::string_view kGatewayUri = "tobari://gateway/";

std::unexpected<Error> not_a_token() {
  return fail(Errc::kInvalidArgument, "not a join token; copy the whole line that the broker printed");
}

Result<std::string> string_member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    return not_a_token();
  }
  return found->get<std::string>();
}

}  // namespace

std::string node_uri(Role role, std::string_view node_id) {
  return std::string(role == Role::kHost ? kHostUri : kGatewayUri) + std::string(node_id);
}

Result<NodeName> parse_node_uri(std::string_view uri) {
  const bool host = uri.starts_with(kHostUri);
  if (!host && !uri.starts_with(kGatewayUri)) return fail(Errc::kUnauthenticated, "not the certificate of a node");
  const std::string_view id = uri.substr(host ? kHostUri.size() : kGatewayUri.size());
  if (!is_uuid(id)) return fail(Errc::kUnauthenticated, "not the certificate of a node");
  return NodeName{.role = host ? Role::kHost : Role::kGateway, .id = std::string(id)};
}

Result<std::string> encode(const JoinToken& token) {
  TOBARI_ASSIGN(const net::Der ca, net::certificate_to_der(token.ca_pem));
  const json object = {{"broker", token.broker}, {"token", token.token}, {"ca", to_base64url(ca)}};
  // An address is the only text that could hold invalid UTF-8; it is replaced, not thrown about.
  const std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  return to_base64url(std::as_bytes(std::span(text)));
}

Result<JoinToken> decode_join_token(std::string_view text) {
  if (text.size() > kMaxJoinTokenBytes) return not_a_token();
  const auto bytes = from_base64url(text);
  if (!bytes) return not_a_token();
  const auto* data = reinterpret_cast<const char*>(bytes->data());
  const json object = json::parse(data, data + bytes->size(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return not_a_token();

  JoinToken token;
  TOBARI_ASSIGN(token.broker, string_member(object, "broker"));
  TOBARI_ASSIGN(token.token, string_member(object, "token"));
  TOBARI_ASSIGN(const std::string ca_text, string_member(object, "ca"));
  const auto ca_der = from_base64url(ca_text);
  if (!ca_der) return not_a_token();
  TOBARI_ASSIGN(token.ca_pem, net::certificate_from_der(*ca_der));
  return token;
}

}  // namespace tobari::node
