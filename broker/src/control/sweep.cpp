// SPDX-License-Identifier: GPL-3.0-or-later
// What is done without being asked: spares, ends of what nobody uses, pools that go away.
#include <algorithm>
#include <format>
#include <map>

#include "control/pool_image.h"
#include "control/renewal.h"
#include "control/steps.h"
#include "core/session_state.h"

namespace tobari::broker::control {
namespace {

constexpr std::size_t kMaxRetiredPerSweep = 64;

struct Budget {
  const Sweep& event;
  std::size_t next = 0;  // of the fresh ids
  std::size_t retired = 0;
  std::size_t ended = 0;
  PowerBudget power{};
};

// What new spares are made from; empty: nothing can be, so that those which are there stay.
std::string image_for_spares(const Step& step, const Pool& pool, const Facts& facts) {
  const auto image = image_of(step.writer, pool.image);
  if (!image.has_value()) return "";
  const bool somewhere = std::ranges::any_of(
      facts.connected, [&image](const auto& host) { return std::ranges::contains(host.second.images, *image); });
  return somewhere ? *image : "";
}

// Why a spare is of no use any more; empty: it is.
std::string outlived(const Pool& pool, const std::string& image, const std::vector<Host>& hosts, const Desktop& spare) {
  if (pool.closing) return "the pool goes away";
  const auto host = std::ranges::find(hosts, spare.host, &Host::id);
  if (host == hosts.end()) return "";
  if (host->lost && pool.kind == PoolKind::kFloating) return std::format("host {} is lost", host->name);
  if (host->mode == HostMode::kDraining) return std::format("host {} is draining", host->name);
  const bool as_wanted = (image.empty() || spare.image == image) && spare.vcpus == pool.vcpus &&
                         spare.memory_mib == pool.memory_mib && spare.heads == pool.heads &&
                         spare.machine == pool.machine;
  return as_wanted ? "" : "the pool's desktops are made otherwise now";
}

Result<void> drop_one(Step& step, Budget& budget, const Desktop& spare, const std::string& why) {
  if (budget.retired >= kMaxRetiredPerSweep) {
    step.effects.more = true;
    return {};
  }
  ++budget.retired;
  return step.retire(spare, {}, "desktop.retire", why);
}

Result<void> fill(Step& step, Budget& budget, const Pool& pool, std::uint32_t missing) {
  for (; missing > 0; --missing) {
    if (budget.next >= std::min(budget.event.fresh.size(), kMaxMadePerSweep)) {
      step.effects.more = true;
      return {};
    }
    const auto made = step.make(pool, {}, budget.event.fresh[budget.next], *budget.event.facts, {});
    if (made.has_value()) {
      ++budget.next;
      continue;
    }
    // No room now: users still get theirs when there is some, and the next sweep tries again.
    const Errc code = made.error().code;
    if (code == Errc::kExhausted || code == Errc::kNotFound || code == Errc::kUnavailable) return {};
    if (code == Errc::kInvalidArgument) return {};  // the pool's image was retired
    return std::unexpected<Error>(made.error());
  }
  return {};
}

Result<void> sweep_pool(Step& step, Budget& budget, const PlannedPool& planned, const std::vector<Host>& hosts) {
  const Pool& pool = planned.pool;
  TOBARI_ASSIGN(const auto spares, step.writer.spares(pool.id, kMaxPoolDesktops));
  TOBARI_ASSIGN(const PoolFill before, step.writer.pool_fill(pool.id));
  const SpareTargets wanted = spare_targets(planned, before.assigned);
  const std::string image = image_for_spares(step, pool, *budget.event.facts);
  std::vector<Desktop> good;
  std::uint32_t there = before.desktops;
  bool renewed = false;  // one at a time: what cannot be made is not made a thousand times an hour
  for (const Desktop& spare : spares) {
    std::string why = outlived(pool, image, hosts, spare);
    if (why.empty() && planned.plan.renew_failed && !renewed && budget.event.facts->failed.contains(spare.id)) {
      renewed = true;
      why = "it could not be started";
    }
    if (why.empty() && good.size() >= wanted.keep) why = "more spares than are wanted";
    if (why.empty()) {
      good.push_back(spare);
      continue;
    }
    const std::size_t retired = budget.retired;
    TOBARI_TRY(drop_one(step, budget, spare, why));
    if (budget.retired > retired) --there;
  }
  TOBARI_TRY(keep_power(step, budget.power, budget.event, planned, wanted, good));
  const std::uint32_t room = pool.max > there ? pool.max - there : 0;
  const auto have = static_cast<std::uint32_t>(good.size());
  return fill(step, budget, pool, std::min(wanted.make > have ? wanted.make - have : 0, room));
}

// The pool of which nothing is left, not even on a host.
Result<bool> is_gone(Step& step, const Pool& pool) {
  if (!pool.closing) return false;
  TOBARI_ASSIGN(const PoolFill fill, step.writer.pool_fill(pool.id));
  if (fill.desktops + fill.leaving > 0) return false;
  TOBARI_TRY(step.writer.remove_pool(pool.id));
  TOBARI_TRY(step.record({}, "pool.removed", pool.id.str(), pool.name));
  return true;
}

// It was counted before this transaction that nobody was there: somebody may have come since.
Result<bool> is_used_now(const Step& step, const Desktop& desktop) {
  TOBARI_ASSIGN(const auto sessions, step.writer.live_sessions_of_user(desktop.user));
  return std::ranges::any_of(
      sessions, [&](const Session& session) { return is_live(session, step.now) && shows(session, desktop.id); });
}

using PlannedPools = std::map<PoolId, PlannedPool>;

// Given back when its pool says so, else perhaps put to rest.
Result<void> end_idle_one(Step& step, Budget& budget, const PlannedPools& pools, const DesktopId& id,
                          std::chrono::seconds idle) {
  const auto desktop = step.writer.desktop(id);
  if (!desktop.has_value() || desktop->user.empty() || desktop->power == Power::kDeleted) return {};
  const auto planned = pools.find(desktop->pool);
  if (planned == pools.end()) return {};
  TOBARI_ASSIGN(const bool used, is_used_now(step, *desktop));
  if (used) return {};
  if (desktop->pool_kind != PoolKind::kFloating || idle < planned->second.pool.keep) {
    return rest_unused(step, budget.power, planned->second, *desktop, idle);
  }
  ++budget.ended;
  step.effects.more = true;
  return step.retire(*desktop, {}, "desktop.release", std::format("nobody was connected for {} s", idle.count()));
}

Result<void> end_idle(Step& step, Budget& budget, const PlannedPools& pools) {
  for (const auto& [id, idle] : budget.event.idle_for) {
    if (budget.ended >= kMaxEndedPerSweep) return {};  // they are named again
    TOBARI_TRY(end_idle_one(step, budget, pools, id, idle));
  }
  return {};
}

// Not when it is asked for: what it holds (its user's disk) must first be free again.
Result<void> renew_failed(Step& step, Budget& budget, const PlannedPools& pools) {
  for (const DesktopId& id : budget.event.facts->failed) {
    const auto desktop = step.writer.desktop(id);
    if (!desktop.has_value() || desktop->user.empty() || desktop->power == Power::kDeleted) continue;
    const auto planned = pools.find(desktop->pool);
    if (planned == pools.end() || desktop->pool_kind != PoolKind::kFloating) continue;
    if (!planned->second.plan.renew_failed) continue;
    TOBARI_TRY(drop_one(step, budget, *desktop, "it could not be started"));
  }
  return {};
}

Result<void> take_assigned(Step& step, const std::vector<Host>& hosts) {
  for (const Host& host : hosts) {
    if (host.mode != HostMode::kDraining) continue;
    TOBARI_ASSIGN(const auto desktops, step.writer.desktops_on_host(host.id));
    for (const Desktop& desktop : desktops) {
      if (desktop.power != Power::kDeleted) TOBARI_TRY(step.retire(desktop, {}, "desktop.retire", "host is draining"));
    }
  }
  return {};
}

}  // namespace

Result<void> sweep(Step& step, const Sweep& event) {
  TOBARI_TRY(end_what_is_due(step));
  PlannedPools pools;
  TOBARI_ASSIGN(const auto all_pools, step.writer.pools());
  for (const Pool& pool : all_pools) pools.emplace(pool.id, plan_of(pool, event.zones, step.now));
  Budget budget{.event = event};
  TOBARI_TRY(end_idle(step, budget, pools));
  TOBARI_TRY(renew_failed(step, budget, pools));
  TOBARI_ASSIGN(const auto hosts, step.writer.hosts());
  if (step.settings.planted.drain_takes_assigned) TOBARI_TRY(take_assigned(step, hosts));
  for (const Pool& pool : all_pools) {
    TOBARI_ASSIGN(const bool gone, is_gone(step, pool));
    if (gone) continue;
    TOBARI_TRY(wake_users(step, budget.power, pools.at(pool.id)));
    if (pool.kind == PoolKind::kManual) continue;
    TOBARI_TRY(sweep_pool(step, budget, pools.at(pool.id), hosts));
    TOBARI_TRY(renew_those_off(step, pool, *event.facts));
  }
  return {};
}

}  // namespace tobari::broker::control
