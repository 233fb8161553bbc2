// SPDX-License-Identifier: GPL-3.0-or-later
// /hosts (which lists gateways too) and /join-tokens
#include <chrono>
#include <format>
#include <map>
#include <optional>
#include <utility>

#include <tobari/base/random.h>
#include <tobari/net/node_link.h>

#include "control/drain.h"
#include "core/names.h"
#include "core/sha256.h"
#include "rest/api.h"
#include "rest/bodies.h"
#include "rest/pool_bodies.h"

namespace tobari::broker {
namespace {

constexpr std::chrono::minutes kJoinTokenLifetime{15};

std::unexpected<Error> no_such_host() { return fail(Errc::kNotFound, "there is no such host"); }

Result<HostId> host_id_of(const Call& call) {
  auto id = HostId::parse(call.path.find("id")->second);
  if (!id.has_value()) return no_such_host();
  return id;
}

// What the control plane keeps of a host.
void add_kept(nlohmann::ordered_json& object, const Api& api, const Host& host) {
  object["mode"] = to_string(host.mode);
  object["lost"] = host.lost;
  if (const auto age = api.control.lease_age(host.id)) {
    object["lease_age_seconds"] = static_cast<double>(age->count()) / 1000;
  }
  object["desktops"] = host.desktops;
  object["memory_promised_mib"] = host.promised_mib;
  const auto load = api.hosts.load(host.id);
  if (!load) return;
  object["memory_free_mib"] = load->memory_available_mib;
  if (load->memory_shared_mib > 0) object["memory_shared_mib"] = load->memory_shared_mib;
}

nlohmann::ordered_json view_of(const Api& api, const Node& node, const Host* host) {
  const std::optional<HostInfo> info = api.hosts.info(node.id);
  nlohmann::ordered_json object{{"id", node.id.str()},
                                {"name", node.name},
                                {"role", to_string(node.role)},
                                {"state", info.has_value() ? "connected" : "away"}};
  if (host != nullptr) add_kept(object, api, *host);
  if (!info.has_value()) return object;
  object["version"] = info->version;
  object["cpus"] = info->cpus;
  object["memory_mib"] = info->memory_mib;
  object["accelerator"] = info->accelerator;
  object["images"] = info->images;
  return object;
}

struct Known {
  std::vector<Node> nodes;
  std::vector<Host> hosts;
};

Answer list_hosts(Api& api) {
  const auto read = [](const Reader& reader) -> Result<Known> {
    Known known;
    TOBARI_ASSIGN(known.nodes, reader.nodes());
    TOBARI_ASSIGN(known.hosts, reader.hosts());
    return known;
  };
  TOBARI_ASSIGN(const Known known, api.store.get(read));
  std::map<HostId, const Host*> by_id;
  for (const Host& host : known.hosts) by_id.emplace(host.id, &host);
  auto list = nlohmann::ordered_json::array();
  for (const Node& node : known.nodes) {
    const auto host = by_id.find(node.id);
    list.push_back(view_of(api, node, host == by_id.end() ? nullptr : host->second));
  }
  return json_response(200, {{"hosts", std::move(list)}});
}

Result<Node> node_in(const Reader& reader, const HostId& id) {
  auto node = reader.node(id);
  if (!node.has_value() && node.error().code == Errc::kNotFound) return no_such_host();
  return node;
}

// What keeps a host that drains from being empty, and why; not more than anybody reads.
nlohmann::ordered_json left_view(const std::vector<control::LeftDesktop>& left) {
  constexpr std::size_t kMostShown = 100;
  auto list = nlohmann::ordered_json::array();
  for (const control::LeftDesktop& each : left) {
    if (list.size() == kMostShown) break;
    list.push_back({{"desktop", each.desktop.name}, {"why", each.why}});
  }
  return list;
}

// Ready or draining. The desktops that are there stay their users'; what becomes of them is the control core's.
Answer set_mode(Api& api, const Call& call) {
  TOBARI_ASSIGN(const ModeOfHost body, parse_mode_of_host(call.request.body));
  TOBARI_ASSIGN(const HostId id, host_id_of(call));
  Node node;
  Host host;
  std::vector<control::LeftDesktop> left;
  auto done = api.control.transact([&](Writer& writer) -> Result<control::Effects> {
    TOBARI_ASSIGN(node, node_in(writer, id));
    if (node.role != NodeRole::kHost) {
      return fail(Errc::kInvalidArgument, std::format("{} is a gateway: only hosts have desktops to drain", node.name));
    }
    const control::Event event =
        control::SetHostMode{.host = id,
                             .mode = body.mode,
                             .who = who_of(call),
                             .how = body.move ? control::DrainHow::kMove : control::DrainHow::kWait,
                             .notice = body.notice,
                             .text = body.text};
    TOBARI_ASSIGN(auto effects, control::handle(writer, event, api.clock.wall(), api.control.settings));
    TOBARI_ASSIGN(host, writer.host(id));
    TOBARI_ASSIGN(left, control::left_on_host(writer, id));
    return effects;
  });
  TOBARI_TRY(std::move(done));
  nlohmann::ordered_json object = view_of(api, node, &host);
  if (host.mode == HostMode::kDraining) object["left"] = left_view(left);
  return json_response(200, object);
}

Answer remove_host(Api& api, const Call& call) {
  TOBARI_ASSIGN(const HostId id, host_id_of(call));
  auto done = api.store.act([&call, &id](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Node node, node_in(writer, id));
    TOBARI_ASSIGN(const auto desktops, writer.desktops_on_host(id));
    if (!desktops.empty()) {
      return fail(Errc::kAlreadyExists,
                  std::format("{} desktops are on {}: delete them first", desktops.size(), node.name));
    }
    TOBARI_TRY(writer.remove_node(id));
    AuditDraft draft = audit_of(call, "node.remove", id.str());
    draft.detail = node.name;
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.expel(id);
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
      {"PUT", "/api/v1/hosts/{id}", Access::kAdmin, at_once([&api](const Call& call) { return set_mode(api, call); })},
      {"DELETE", "/api/v1/hosts/{id}", Access::kAdmin,
       at_once([&api](const Call& call) { return remove_host(api, call); })},
      {"POST", "/api/v1/join-tokens", Access::kAdmin,
       at_once([&api](const Call& call) { return create_join_token(api, call); })},
  };
}

}  // namespace tobari::broker
