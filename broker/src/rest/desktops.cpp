// SPDX-License-Identifier: GPL-3.0-or-later
// /desktops, without connect
#include <algorithm>
#include <format>

#include "control/pool_image.h"
#include "core/names.h"
#include "core/placement.h"
#include "rest/api.h"
#include "rest/bodies.h"
#include "rest/entitlement.h"
#include "rest/idempotency.h"
#include "rest/pool_bodies.h"

namespace tobari::broker {
namespace {

std::unexpected<Error> no_such_desktop() { return fail(Errc::kNotFound, "there is no such desktop"); }

// One that waits for its user, or the user's own there.
nlohmann::ordered_json view_of(const Api& api, const EntitledPool& entitled) {
  nlohmann::ordered_json object{
      {"id", entitled.pool.id.str()}, {"name", entitled.pool.name}, {"kind", to_string(entitled.pool.kind)}};
  if (!entitled.own.has_value()) return object;
  object["desktop_id"] = entitled.own->id.str();
  const nlohmann::ordered_json own = view(*entitled.own, api.hosts.status(*entitled.own));
  for (const char* member : {"state", "detail"}) {
    if (own.contains(member)) object[member] = own.at(member);
  }
  return object;
}

Answer list_desktops(Api& api, const Call& call) {
  const User& caller = call.caller.user;
  TOBARI_ASSIGN(const DesktopsQuery query, parse_desktops_query(call.request.query));
  TOBARI_ASSIGN(const auto desktops, api.store.get([&caller, &after = query.after](const Reader& reader) {
    return caller.role == Role::kAdmin ? reader.desktops_after(after, kMaxDesktopList)
                                       : reader.desktops_of_user(caller.id);
  }));
  auto list = nlohmann::ordered_json::array();
  for (const Desktop& desktop : desktops) list.push_back(view(desktop, api.hosts.status(desktop)));
  nlohmann::ordered_json body{{"desktops", std::move(list)}};
  if (caller.role == Role::kAdmin && desktops.size() == kMaxDesktopList) body["next"] = desktops.back().name;
  if (!query.after.empty()) return json_response(200, body);
  TOBARI_ASSIGN(const auto pools, entitled_pools(api, call, query.client));
  auto entitled = nlohmann::ordered_json::array();
  for (const EntitledPool& each : pools) entitled.push_back(view_of(api, each));
  body["pools"] = std::move(entitled);
  return json_response(200, body);
}

Answer get_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  return json_response(200, view(desktop, api.hosts.status(desktop)));
}

// "alice.b_c" -> "alice-b-c-desktop": a user's name made into a host name.
std::string default_name(std::string_view user) {
  std::string name = "d-";
  for (const char c : user) name += (c == '.' || c == '_') ? '-' : c;
  while (name.ends_with('-')) name.pop_back();
  return name;
}

Result<AuditDraft> store_desktop(Writer& writer, const Desktop& desktop, const Call& call) {
  if (const auto taken = writer.desktop_by_name(desktop.name); taken.has_value()) {
    return fail(
        Errc::kAlreadyExists,
        taken->power == Power::kDeleted
            ? std::format("{} is still being removed: try again in a moment", desktop.name)
            : std::format("there is a desktop named {} already: a further one needs another name", desktop.name));
  }
  TOBARI_TRY(writer.add_desktop(desktop));
  AuditDraft draft = audit_of(call, "desktop.create", desktop.id.str());
  draft.detail =
      std::format("{} for {} from {} on {}", desktop.name, desktop.user_name, desktop.image, desktop.host_name);
  return draft;
}

Answer create_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(const NewDesktopBody body, parse_new_desktop(call.request.body));
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  const auto owner = api.store.get([&body](const Reader& reader) { return reader.user_by_name(body.user); });
  if (!owner.has_value()) {
    if (owner.error().code != Errc::kNotFound) return std::unexpected<Error>(owner.error());
    return std::unexpected<Error>(fail(Errc::kNotFound, std::format("there is no user {}", body.user)).error());
  }
  TOBARI_ASSIGN(const std::string image,
                api.store.get([&body](const Reader& reader) { return control::image_of(reader, body.image); }));
  const auto facts = api.control.facts();
  TOBARI_ASSIGN(const auto hosts, api.store.get([&facts, &owner](const Reader& reader) {
    return control::capacities(reader, *facts, owner->id);
  }));
  TOBARI_ASSIGN(const HostId host, place(hosts, {.image = image, .memory_mib = body.memory_mib, .host = body.host}));
  TOBARI_ASSIGN(const Node node, api.store.get([&host](const Reader& reader) { return reader.node(host); }));
  const Desktop desktop{.id = DesktopId::random(),
                        .name = body.name.empty() ? default_name(body.user) : body.name,
                        .user = owner->id,
                        .user_name = owner->name,
                        .host = host,
                        .host_name = node.name,
                        .image = image,
                        .vcpus = body.vcpus,
                        .memory_mib = body.memory_mib,
                        .power = Power::kOff,
                        .epoch = 1};
  Response response = json_response(201, view(desktop, {DesktopStatus::State::kStopped, ""}));
  auto done = api.store.act([&api, &call, &desktop, &response](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(AuditDraft draft, store_desktop(writer, desktop, call));
    TOBARI_TRY(remember_answer(writer, call, response, api.clock.wall()));
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.desired_changed(host);
  return response;
}

Answer set_power(Api& api, const Call& call, Power power, const char* action) {
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  auto done = api.store.act([&call, &desktop, power, action](Writer& writer) -> Result<AuditDraft> {
    // Looked at again inside the transaction: a desktop that is being removed stays so.
    TOBARI_ASSIGN(const Desktop now, writer.desktop(desktop.id));
    if (now.power == Power::kDeleted && power != Power::kDeleted) {
      return fail(Errc::kAlreadyExists, "the desktop is being removed");
    }
    TOBARI_TRY(writer.set_power(desktop.id, power));
    AuditDraft draft = audit_of(call, action, desktop.id.str());
    draft.detail = desktop.name;
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.desired_changed(desktop.host);
  return empty_response(202);
}

// One of a pool is nobody's at once, so that its user can have another one.
Answer delete_desktop(Api& api, const Call& call) {
  TOBARI_ASSIGN(const Desktop desktop, desktop_of(api, call));
  if (desktop.pool.empty()) return set_power(api, call, Power::kDeleted, "desktop.delete");
  auto done = api.control.transact([&call, &desktop](Writer& writer) -> Result<control::Effects> {
    control::Effects effects;
    TOBARI_ASSIGN(const Desktop now, writer.desktop(desktop.id));
    if (now.power == Power::kDeleted) return effects;
    TOBARI_TRY(writer.retire_desktop(now.id, now.epoch));
    effects.changed.insert(now.host);
    if (!now.user.empty()) effects.ended.push_back({now.id, now.user, "the desktop is being removed"});
    effects.more = true;
    AuditDraft draft = audit_of(call, "desktop.delete", now.id.str());
    draft.detail = std::format("{} in pool {}", now.name, now.pool_name);
    TOBARI_TRY(writer.add_record(std::move(draft)));
    return effects;
  });
  TOBARI_TRY(std::move(done));
  return empty_response(202);
}

}  // namespace

Result<Desktop> desktop_of(Api& api, const Call& call) {
  const auto id = DesktopId::parse(call.path.find("id")->second);
  if (!id.has_value()) return no_such_desktop();
  return visible_desktop(api, call, *id);
}

Result<Desktop> visible_desktop(Api& api, const Call& call, const DesktopId& id) {
  auto desktop = api.store.get([&id](const Reader& reader) { return reader.desktop(id); });
  if (!desktop.has_value()) {
    if (desktop.error().code == Errc::kNotFound) return no_such_desktop();
    return desktop;
  }
  // The same words for what is not there and for what is somebody else's.
  const User& caller = call.caller.user;
  if (caller.role != Role::kAdmin && desktop->user != caller.id) return no_such_desktop();
  return desktop;
}

std::vector<Route> desktop_routes(Api& api) {
  return {
      {"GET", "/api/v1/desktops", Access::kUser,
       at_once([&api](const Call& call) { return list_desktops(api, call); })},
      {"POST", "/api/v1/desktops", Access::kAdmin,
       at_once([&api](const Call& call) { return create_desktop(api, call); })},
      {"GET", "/api/v1/desktops/{id}", Access::kUser,
       at_once([&api](const Call& call) { return get_desktop(api, call); })},
      {"DELETE", "/api/v1/desktops/{id}", Access::kAdmin,
       at_once([&api](const Call& call) { return delete_desktop(api, call); })},
      {"POST", "/api/v1/desktops/{id}/start", Access::kUser,
       at_once([&api](const Call& call) { return set_power(api, call, Power::kOn, "desktop.start"); })},
      {"POST", "/api/v1/desktops/{id}/stop", Access::kUser,
       at_once([&api](const Call& call) { return set_power(api, call, Power::kOff, "desktop.stop"); })},
  };
}

}  // namespace tobari::broker
