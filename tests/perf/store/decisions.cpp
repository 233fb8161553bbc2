// SPDX-License-Identifier: GPL-3.0-or-later
#include "decisions.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/core.h"
#include "control/pool_image.h"

namespace tobari::broker {
namespace {

using FactsOfAll = std::shared_ptr<const control::Facts>;

// A broker that has a line to every host, each with room, where everything runs.
FactsOfAll facts_of_all(const Filled& filled) {
  constexpr std::uint64_t kMemoryMib = 262'144;
  auto facts = std::make_shared<control::Facts>();
  for (const Node& host : filled.hosts) {
    control::HostFacts& one = facts->connected[host.id];
    one.id = host.id;
    one.images = {kFilledImage};
    one.memory_mib = kMemoryMib;
  }
  for (const Desktop& desktop : filled.desktops) facts->running.insert(desktop.id);
  return facts;
}

// GET /placement: what is known of all hosts, and what is thought of each.
Result<void> placement(Bench& bench, const FactsOfAll& facts) {
  const Pool& wanted = bench.any(bench.filled.pools);
  const UserId& user = bench.any(bench.filled.users).id;
  std::vector<HostCapacity> hosts;
  std::string image;
  auto read = bench.store.read([&](const Reader& reader) -> Result<void> {
    TOBARI_ASSIGN(const Pool pool, reader.pool(wanted.id));
    TOBARI_TRY(reader.pool_fill(pool.id));
    TOBARI_ASSIGN(hosts, control::capacities(reader, *facts, user));
    TOBARI_ASSIGN(image, control::image_of(reader, pool.image));
    return {};
  });
  TOBARI_TRY(std::move(read));
  const Placement found = weigh(hosts, control::wish_of(wanted, image));
  if (found.host.empty()) return fail(Errc::kInternal, "no host was chosen");
  return {};
}

Result<Desktop> assign(Bench& bench, const FactsOfAll& facts, const UserId& user, const PoolId& pool) {
  const control::Assign event{.request = RequestId::random(),
                              .user = user,
                              .pool = pool,
                              .fresh = DesktopId::random(),
                              .facts = facts,
                              .who = {}};
  TOBARI_ASSIGN(auto effects, control::run(bench.store, event, bench.clock.wall()));
  if (!effects.assigned.has_value()) return fail(Errc::kInternal, "nothing was assigned");
  return *std::move(effects.assigned);
}

Result<void> own_again(Bench& bench, const FactsOfAll& facts) {
  const Desktop& own = bench.any_assigned();
  TOBARI_ASSIGN(const Desktop given, assign(bench, facts, own.user, own.pool));
  if (given.id != own.id) return fail(Errc::kInternal, "it was not the user's own");
  return {};
}

// POST /pools/{id}/connect, as far as it is the store's and the core's: who it is, what is their own, what they get,
// and the session. `number`: another user each time, who has a desktop in another pool and asks for one in the next.
Result<void> whole_connect(Bench& bench, const FactsOfAll& facts, std::size_t number) {
  const Filled& filled = bench.filled;
  const std::size_t index = filled.users.size() - 1 - number;
  const User& user = filled.users.at(index);
  const Pool& pool = filled.pools.at((index + 1) % filled.pools.size());
  TOBARI_TRY(ask(bench, [&](const Reader& r) -> Result<User> {
    TOBARI_ASSIGN(const Token token, r.token("token-" + user.name));
    return r.user(token.user);
  }));
  auto asked = ask(bench, [&](const Reader& r) -> Result<std::vector<Session>> {
    TOBARI_TRY(r.pool(pool.id));
    const auto own = r.desktop_in_pool(user.id, pool.id);
    if (own.has_value()) return fail(Errc::kInternal, "they have a desktop there already");
    return r.live_sessions_of_user(user.id);
  });
  TOBARI_TRY(std::move(asked));
  TOBARI_ASSIGN(const Desktop desktop, assign(bench, facts, user.id, pool.id));
  if (!facts->running.contains(desktop.id)) return fail(Errc::kExhausted, "no spare is left: make fewer runs");
  TOBARI_TRY(ask(bench, [&](const Reader& r) { return r.desktop(desktop.id); }));
  return open_session(bench, desktop, user.name);
}

Result<void> sweep(Bench& bench, const FactsOfAll& facts) {
  control::Sweep event{.facts = facts, .fresh = {}};
  for (std::size_t i = 0; i < control::kMaxMadePerSweep; ++i) event.fresh.push_back(DesktopId::random());
  TOBARI_TRY(control::run(bench.store, event, bench.clock.wall()));
  return {};
}

}  // namespace

void measure_decisions(Bench& bench) {
  const FactsOfAll facts = facts_of_all(bench.filled);
  measure(bench, "core: placement among all hosts", [&facts](Bench& b) { return placement(b, facts); });
  measure(bench, "core: a sweep that finds everything right", [&facts](Bench& b) { return sweep(b, facts); });
  measure(bench, "core: one's own desktop is asked for, durable", [&facts](Bench& b) { return own_again(b, facts); });
  std::size_t number = 0;
  measure(bench, "core: connect, all of it, with a spare, durable",
          [&facts, &number](Bench& b) { return whole_connect(b, facts, number++); });
  number = 0;
  measure(bench, "core: a new desktop is placed and made, durable", [&facts, &number](Bench& b) -> Result<void> {
    TOBARI_TRY(assign(b, facts, b.filled.users.at(number++).id, b.filled.empty_pool.id));
    return {};
  });
}

}  // namespace tobari::broker
