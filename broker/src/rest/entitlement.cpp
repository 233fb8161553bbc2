// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/entitlement.h"

#include <algorithm>
#include <utility>

#include "rest/opening.h"

namespace tobari::broker {
namespace {

struct OfCaller {
  std::vector<Pool> pools;
  std::vector<Desktop> desktops;
  std::vector<Session> live;
};

Result<OfCaller> read_of_caller(const Reader& reader, const UserId& user) {
  OfCaller found;
  TOBARI_ASSIGN(found.pools, reader.pools());
  if (found.pools.empty()) return found;
  TOBARI_ASSIGN(found.desktops, reader.desktops_of_user(user));
  std::erase_if(found.desktops,
                [](const Desktop& desktop) { return desktop.pool.empty() || desktop.power == Power::kDeleted; });
  TOBARI_ASSIGN(found.live, reader.live_sessions_of_user(user));
  return found;
}

}  // namespace

AccessAnswer ask_about_pool(const Api& api, const Call& call, const Pool& pool, const std::string& client,
                            std::uint32_t sessions) {
  return api.policy({.user = call.caller.user.name,
                     .desktop_id = "",
                     .client_address = call.request.client_address,
                     .client = client,
                     .sessions = sessions,
                     .device = call.request.device,
                     .pool = pool.name,
                     .labels = pool.labels});
}

Result<std::vector<EntitledPool>> entitled_pools(const Api& api, const Call& call, const std::string& client) {
  const UserId& user = call.caller.user.id;
  TOBARI_ASSIGN(OfCaller found, api.store.get([&user](const Reader& reader) { return read_of_caller(reader, user); }));
  const Time now = api.clock.wall();
  std::vector<EntitledPool> entitled;
  for (Pool& pool : found.pools) {
    std::vector<Desktop> own;
    const auto at = std::ranges::find(found.desktops, pool.id, &Desktop::pool);
    if (at != found.desktops.end()) own.push_back(*at);
    if (own.empty() && (!pool.open || pool.closing || pool.kind == PoolKind::kManual)) continue;
    if (!ask_about_pool(api, call, pool, client, other_sessions(found.live, own, now)).allowed) continue;
    entitled.push_back({std::move(pool), own.empty() ? std::nullopt : std::optional(std::move(own.front()))});
  }
  return entitled;
}

}  // namespace tobari::broker
