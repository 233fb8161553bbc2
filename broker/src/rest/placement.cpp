// SPDX-License-Identifier: GPL-3.0-or-later
// /placement: where the next desktop of a pool would go, and why there. The same code decides when it is made.
#include "core/placement.h"

#include <algorithm>
#include <format>
#include <utility>

#include "control/pool_image.h"
#include "rest/api.h"
#include "rest/pool_bodies.h"

namespace tobari::broker {
namespace {

struct Situation {
  Pool pool;
  PoolFill fill;
  std::vector<HostCapacity> hosts;
  std::string image;     // that its desktops are made of now
  std::string no_image;  // why they are made of nothing
};

Result<UserId> asked_for(const Reader& reader, const std::string& name) {
  if (name.empty()) return UserId();
  const auto user = reader.user_by_name(name);
  if (user.has_value()) return user->id;
  if (user.error().code != Errc::kNotFound) return std::unexpected<Error>(user.error());
  return fail(Errc::kNotFound, std::format("there is no user {}", name));
}

Result<Situation> read_situation(const Reader& reader, const PlacementQuery& query, const control::Facts& facts) {
  Situation now;
  TOBARI_ASSIGN(const auto pools, reader.pools());
  const auto pool = std::ranges::find(pools, query.pool, &Pool::name);
  if (pool == pools.end()) return fail(Errc::kNotFound, std::format("there is no pool {}", query.pool));
  now.pool = *pool;
  TOBARI_ASSIGN(now.fill, reader.pool_fill(pool->id));
  TOBARI_ASSIGN(const UserId user, asked_for(reader, query.user));
  TOBARI_ASSIGN(now.hosts, control::capacities(reader, facts, user));
  now.image = pool->image;
  if (pool->kind == PoolKind::kManual) return now;
  auto image = control::image_of(reader, pool->image);
  if (image.has_value()) {
    now.image = *std::move(image);
  } else if (image.error().code == Errc::kNotFound || image.error().code == Errc::kInvalidArgument) {
    now.no_image = image.error().message;
  } else {
    return std::unexpected<Error>(std::move(image).error());
  }
  return now;
}

// What comes before the choice of a host.
std::string what_comes_first(const Situation& now) {
  const Pool& pool = now.pool;
  if (pool.kind == PoolKind::kManual) return "its desktops are put in by hand: none is made";
  if (pool.closing) return "the pool is being removed: nothing is made";
  const std::uint32_t spares = now.fill.desktops - std::min(now.fill.assigned, now.fill.desktops);
  if (spares > 0) return std::format("{} wait for a user and are given first", spares);
  if (now.fill.desktops >= pool.max) {
    return std::format("the pool is full: it has {} desktops of {}", now.fill.desktops, pool.max);
  }
  if (!now.no_image.empty()) return "none can be made: " + now.no_image;
  if (!pool.open) return "the pool is closed: nobody gets a desktop there who has none";
  return std::format("the next user gets a new one: there are {} of {}", now.fill.desktops, pool.max);
}

Answer explain_placement(Api& api, const Call& call) {
  TOBARI_ASSIGN(const PlacementQuery query, parse_placement_query(call.request.query));
  const auto facts = api.control.facts();
  TOBARI_ASSIGN(const Situation now, api.store.get([&query, &facts](const Reader& reader) {
    return read_situation(reader, query, *facts);
  }));
  const Placement placement = weigh(now.hosts, control::wish_of(now.pool, now.image), api.control.settings.placement);
  auto hosts = nlohmann::ordered_json::array();
  for (const HostVerdict& verdict : placement.verdicts) {
    nlohmann::ordered_json one{{"host", verdict.host},
                               {"possible", verdict.possible},
                               {"chosen", verdict.host == placement.host_name},
                               {"why", verdict.why}};
    if (verdict.possible) one["score"] = verdict.score;
    hosts.push_back(std::move(one));
  }
  nlohmann::ordered_json body{{"pool", now.pool.name}, {"next", what_comes_first(now)}};
  if (!placement.host.empty()) body["host"] = placement.host_name;
  body["hosts"] = std::move(hosts);
  return json_response(200, body);
}

}  // namespace

std::vector<Route> placement_routes(Api& api) {
  return {{"GET", "/api/v1/placement", Access::kAdmin,
           at_once([&api](const Call& call) { return explain_placement(api, call); })}};
}

}  // namespace tobari::broker
