// SPDX-License-Identifier: GPL-3.0-or-later
// /hosts (which lists gateways too) and /join-tokens
#include <format>

#include <tobari/base/random.h>
#include <tobari/net/node_link.h>

#include "core/names.h"
#include "core/sha256.h"
#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {
namespace {

constexpr std::chrono::minutes kJoinTokenLifetime{15};

nlohmann::ordered_json view_of(const Node& node, const std::optional<HostInfo>& info) {
  nlohmann::ordered_json object{{"id", node.id.str()},
                                {"name", node.name},
                                {"role", to_string(node.role)},
                                {"state", info.has_value() ? "connected" : "away"}};
  if (!info.has_value()) return object;
  object["version"] = info->version;
  object["cpus"] = info->cpus;
  object["memory_mib"] = info->memory_mib;
  object["accelerator"] = info->accelerator;
  object["images"] = info->images;
  return object;
}

Answer list_hosts(Api& api) {
  TOBARI_ASSIGN(const auto nodes, api.store.get([](const Reader& reader) { return reader.nodes(); }));
  auto list = nlohmann::ordered_json::array();
  for (const Node& node : nodes) list.push_back(view_of(node, api.hosts.info(node.id)));
  return json_response(200, {{"hosts", std::move(list)}});
}

Answer remove_host(Api& api, const Call& call) {
  const auto missing = fail(Errc::kNotFound, "there is no such host");
  const auto id = HostId::parse(call.path.find("id")->second);
  if (!id.has_value()) return std::unexpected<Error>(missing.error());
  auto done = api.store.act([&call, &id](Writer& writer) -> Result<AuditDraft> {
    const auto node = writer.node(*id);
    if (!node.has_value()) {
      if (node.error().code == Errc::kNotFound) return fail(Errc::kNotFound, "there is no such host");
      return std::unexpected<Error>(node.error());
    }
    TOBARI_ASSIGN(const auto desktops, writer.desktops_on_host(*id));
    if (!desktops.empty()) {
      return fail(Errc::kAlreadyExists,
                  std::format("{} desktops are on {}: delete them first", desktops.size(), node->name));
    }
    TOBARI_TRY(writer.remove_node(*id));
    AuditDraft draft = audit_of(call, "node.remove", id->str());
    draft.detail = node->name;
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.expel(*id);
  return empty_response(204);
}

Answer create_join_token(Api& api, const Call& call) {
  TOBARI_ASSIGN(const JoinTokenBody body, parse_join_token(call.request.body));
  const std::string secret = random_token();
  const Time expires_at = api.clock.wall() + kJoinTokenLifetime;
  TOBARI_ASSIGN(const std::string text, node::encode({api.nodes_address, secret, api.ca_pem}));
  auto done = api.store.act([&api, &call, &body, &secret, expires_at](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const auto nodes, writer.nodes());
    for (const Node& node : nodes) {
      if (node.role == body.role && node.name == body.name) {
        return fail(Errc::kAlreadyExists,
                    std::format("there is a {} named {} already", to_string(body.role), body.name));
      }
    }
    TOBARI_TRY(writer.remove_expired(api.clock.wall()));
    TOBARI_TRY(writer.add_join_token({sha256_hex(secret), body.role, body.name, expires_at}));
    return audit_of(call, "join-token.create", std::format("{}/{}", to_string(body.role), body.name));
  });
  TOBARI_TRY(std::move(done));
  return json_response(201, {{"join_token", text}, {"expires_at", format_time(expires_at)}});
}

}  // namespace

std::vector<Route> node_routes(Api& api) {
  return {
      {"GET", "/api/v1/hosts", Access::kAdmin, at_once([&api](const Call&) { return list_hosts(api); })},
      {"DELETE", "/api/v1/hosts/{id}", Access::kAdmin,
       at_once([&api](const Call& call) { return remove_host(api, call); })},
      {"POST", "/api/v1/join-tokens", Access::kAdmin,
       at_once([&api](const Call& call) { return create_join_token(api, call); })},
  };
}

}  // namespace tobari::broker
