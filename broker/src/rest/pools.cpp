// SPDX-License-Identifier: GPL-3.0-or-later
// /pools and what is in them; connecting to one: pool_connect.cpp.
#include <format>
#include <utility>

#include <tobari/policy/zones.h>

#include "core/names.h"
#include "core/pool_plan.h"
#include "rest/api.h"
#include "rest/bodies.h"
#include "rest/idempotency.h"
#include "rest/pool_bodies.h"

namespace tobari::broker {
namespace {

std::unexpected<Error> no_such_pool() { return fail(Errc::kNotFound, "there is no such pool"); }

Result<PoolId> pool_id_of(const Call& call) {
  auto id = PoolId::parse(call.path.find("id")->second);
  if (!id.has_value()) return no_such_pool();
  return id;
}

// In a transaction or a read.
Result<Pool> pool_in(const Reader& reader, const PoolId& id) {
  auto pool = reader.pool(id);
  if (!pool.has_value() && pool.error().code == Errc::kNotFound) return no_such_pool();
  return pool;
}

struct Filled {
  Pool pool;
  PoolFill fill;
};

Result<Filled> filled(const Reader& reader, Pool pool) {
  TOBARI_ASSIGN(const PoolFill fill, reader.pool_fill(pool.id));
  return Filled{std::move(pool), fill};
}

Answer list_pools(Api& api) {
  const auto read = [](const Reader& reader) -> Result<std::vector<Filled>> {
    TOBARI_ASSIGN(auto pools, reader.pools());
    std::vector<Filled> all;
    for (Pool& pool : pools) {
      TOBARI_ASSIGN(Filled one, filled(reader, std::move(pool)));
      all.push_back(std::move(one));
    }
    return all;
  };
  TOBARI_ASSIGN(const auto pools, api.store.get(read));
  auto list = nlohmann::ordered_json::array();
  for (const Filled& each : pools) list.push_back(view(each.pool, each.fill));
  return json_response(200, {{"pools", std::move(list)}});
}

Answer get_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const PoolId id, pool_id_of(call));
  const auto read = [&id](const Reader& reader) -> Result<Filled> {
    TOBARI_ASSIGN(Pool pool, pool_in(reader, id));
    return filled(reader, std::move(pool));
  };
  TOBARI_ASSIGN(const Filled found, api.store.get(read));
  return json_response(200, view(found.pool, found.fill));
}

// Times are this machine's to know; every broker reads them anew.
Result<void> check_zone(const Pool& pool) {
  TOBARI_ASSIGN(const PoolPlan plan, parse_pool_plan(pool.plan));
  if (plan.zone.empty() || policy::find_zone(plan.zone) != nullptr) return {};
  return fail(
      Errc::kInvalidArgument,
      std::format("plan.hours.zone: there is no time zone {} here; write one like Asia/Tokyo or UTC, or install "
                  "tzdata",
                  plan.zone));
}

Answer create_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(Pool pool, parse_new_pool(call.request.body));
  TOBARI_TRY(check_zone(pool));
  TOBARI_ASSIGN(auto earlier, earlier_answer(api, call));
  if (earlier.has_value()) return *std::move(earlier);
  pool.id = PoolId::random();
  const Response response = json_response(201, view(pool, {}));
  const auto also = [&api, &call, &response](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(const auto pools, writer.pools());
    if (pools.size() > kMaxPools) return fail(Errc::kExhausted, std::format("there are {} pools, the most", kMaxPools));
    return remember_answer(writer, call, response, api.clock.wall());
  };
  TOBARI_TRY(decide(api, control::AddPool{pool, who_of(call)}, also));
  return response;
}

Answer change_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const PoolId id, pool_id_of(call));
  TOBARI_ASSIGN(const PoolChange change, parse_pool_change(call.request.body));
  Filled after;
  bool asked_about = false;  // by the policy
  // Read and changed in one transaction: of two changes at once of different values, neither is lost.
  auto done = api.control.transact([&](Writer& writer) -> Result<control::Effects> {
    TOBARI_ASSIGN(const Pool before, pool_in(writer, id));
    TOBARI_ASSIGN(const Pool pool, changed(before, change));
    if (change.plan.has_value()) TOBARI_TRY(check_zone(pool));
    asked_about = pool.name != before.name || pool.labels != before.labels;
    const control::Event event = control::ChangePool{pool, who_of(call)};
    TOBARI_ASSIGN(auto effects, control::handle(writer, event, api.clock.wall(), api.control.settings));
    TOBARI_ASSIGN(Pool stored, writer.pool(id));
    TOBARI_ASSIGN(after, filled(writer, std::move(stored)));
    return effects;
  });
  TOBARI_TRY(std::move(done));
  if (asked_about) api.pools_changed();
  return json_response(200, view(after.pool, after.fill));
}

Answer remove_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const Pool pool, pool_of(api, call));
  TOBARI_TRY(decide(api, control::RemovePool{pool.id, who_of(call)}));
  return empty_response(202);
}

Answer list_desktops_of_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string after, parse_after_name(call.request.query));
  TOBARI_ASSIGN(const PoolId id, pool_id_of(call));
  const auto read = [&id, &after](const Reader& reader) -> Result<std::vector<Desktop>> {
    TOBARI_TRY(pool_in(reader, id));
    return reader.desktops_of_pool_after(id, after, kMaxDesktopList);
  };
  TOBARI_ASSIGN(const auto desktops, api.store.get(read));
  auto list = nlohmann::ordered_json::array();
  for (const Desktop& desktop : desktops) list.push_back(view(desktop, api.hosts.status(desktop)));
  nlohmann::ordered_json body{{"desktops", std::move(list)}};
  if (desktops.size() == kMaxDesktopList) body["next"] = desktops.back().name;
  return json_response(200, body);
}

// ---- manual pools

Result<Desktop> desktop_in(const Reader& reader, const Call& call) {
  const auto missing = [] { return fail(Errc::kNotFound, "there is no such desktop"); };
  const auto id = DesktopId::parse(call.path.find("desktop")->second);
  if (!id.has_value()) return missing();
  auto desktop = reader.desktop(*id);
  if (!desktop.has_value() && desktop.error().code == Errc::kNotFound) return missing();
  return desktop;
}

Result<UserId> new_owner(const Reader& reader, const Desktop& desktop, const std::string& name) {
  if (name.empty()) {
    if (desktop.user.empty()) return fail(Errc::kInvalidArgument, "user is missing: whose shall the desktop be?");
    return desktop.user;
  }
  const auto user = reader.user_by_name(name);
  if (user.has_value()) return user->id;
  if (user.error().code != Errc::kNotFound) return std::unexpected<Error>(user.error());
  return fail(Errc::kNotFound, std::format("there is no user {}", name));
}

Answer put_into_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string user, parse_put_in_pool(call.request.body));
  TOBARI_ASSIGN(const PoolId pool, pool_id_of(call));
  Desktop after;
  auto done = api.control.transact([&](Writer& writer) -> Result<control::Effects> {
    TOBARI_TRY(pool_in(writer, pool));
    TOBARI_ASSIGN(const Desktop desktop, desktop_in(writer, call));
    TOBARI_ASSIGN(const UserId owner, new_owner(writer, desktop, user));
    const control::Event event = control::PutInPool{desktop.id, pool, owner, who_of(call)};
    TOBARI_ASSIGN(auto effects, control::handle(writer, event, api.clock.wall(), api.control.settings));
    TOBARI_ASSIGN(after, writer.desktop(desktop.id));
    return effects;
  });
  TOBARI_TRY(std::move(done));
  api.pools_changed();
  return json_response(200, view(after, api.hosts.status(after)));
}

Answer take_out_of_pool(Api& api, const Call& call) {
  TOBARI_ASSIGN(const PoolId pool, pool_id_of(call));
  auto done = api.control.transact([&](Writer& writer) -> Result<control::Effects> {
    TOBARI_ASSIGN(const Desktop desktop, desktop_in(writer, call));
    if (desktop.pool != pool) return fail(Errc::kNotFound, "the desktop is not in this pool");
    const control::Event event = control::PutInPool{desktop.id, {}, desktop.user, who_of(call)};
    return control::handle(writer, event, api.clock.wall(), api.control.settings);
  });
  TOBARI_TRY(std::move(done));
  api.pools_changed();
  return empty_response(204);
}

}  // namespace

Result<Pool> pool_of(const Api& api, const Call& call) {
  TOBARI_ASSIGN(const PoolId id, pool_id_of(call));
  return api.store.get([&id](const Reader& reader) { return pool_in(reader, id); });
}

std::vector<Route> pool_routes(Api& api) {
  const auto route = [&api](const char* method, const char* path, Answer (*answer)(Api&, const Call&)) -> Route {
    return {method, path, Access::kAdmin, at_once([&api, answer](const Call& call) { return answer(api, call); })};
  };
  return {
      {"GET", "/api/v1/pools", Access::kAdmin, at_once([&api](const Call&) { return list_pools(api); })},
      route("POST", "/api/v1/pools", create_pool),
      route("GET", "/api/v1/pools/{id}", get_pool),
      route("PATCH", "/api/v1/pools/{id}", change_pool),
      route("DELETE", "/api/v1/pools/{id}", remove_pool),
      route("GET", "/api/v1/pools/{id}/desktops", list_desktops_of_pool),
      route("PUT", "/api/v1/pools/{id}/desktops/{desktop}", put_into_pool),
      route("DELETE", "/api/v1/pools/{id}/desktops/{desktop}", take_out_of_pool),
  };
}

}  // namespace tobari::broker
