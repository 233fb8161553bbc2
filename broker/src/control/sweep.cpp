// SPDX-License-Identifier: GPL-3.0-or-later
// What is done without being asked: spares, ends of what nobody uses, pools that go away.
#include <algorithm>
#include <format>

#include "control/pool_image.h"
#include "control/renewal.h"
#include "control/steps.h"

namespace tobari::broker::control {
namespace {

constexpr std::size_t kMaxRetiredPerSweep = 64;

struct Budget {
  const Sweep& event;
  std::size_t next = 0;  // of the fresh ids
  std::size_t retired = 0;
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
                         spare.memory_mib == pool.memory_mib && spare.heads == pool.heads;
  return as_wanted ? "" : "the pool's desktops are made otherwise now";
}

Result<void> drop_spare(Step& step, Budget& budget, const Desktop& spare, const std::string& why) {
  if (budget.retired >= kMaxRetiredPerSweep) {
    step.effects.more = true;
    return {};
  }
  ++budget.retired;
  return step.retire(spare, {}, "desktop.retire", why);
}

std::uint32_t spares_wanted(const Pool& pool, std::uint32_t assigned) {
  if (pool.closing) return 0;
  const std::uint32_t below_min = pool.min > assigned ? pool.min - assigned : 0;
  const std::uint32_t room = pool.max > assigned ? pool.max - assigned : 0;
  return std::min(std::max(pool.spares, below_min), room);
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

Result<void> sweep_pool(Step& step, Budget& budget, const Pool& pool, const std::vector<Host>& hosts) {
  TOBARI_ASSIGN(const auto spares, step.writer.spares(pool.id, kMaxPoolDesktops));
  TOBARI_ASSIGN(const PoolFill before, step.writer.pool_fill(pool.id));
  const std::uint32_t wanted = spares_wanted(pool, before.assigned);
  const std::string image = image_for_spares(step, pool, *budget.event.facts);
  std::uint32_t good = 0;
  std::uint32_t there = before.desktops;
  for (const Desktop& spare : spares) {
    std::string why = outlived(pool, image, hosts, spare);
    if (why.empty() && good >= wanted) why = "more spares than are wanted";
    if (why.empty()) {
      ++good;
      continue;
    }
    const std::size_t retired = budget.retired;
    TOBARI_TRY(drop_spare(step, budget, spare, why));
    if (budget.retired > retired) --there;
  }
  const std::uint32_t room = pool.max > there ? pool.max - there : 0;
  return fill(step, budget, pool, std::min(wanted > good ? wanted - good : 0, room));
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

Result<void> end_idle(Step& step, const DesktopId& id, std::chrono::seconds idle) {
  const auto desktop = step.writer.desktop(id);
  if (!desktop.has_value() || desktop->user.empty() || desktop->power == Power::kDeleted) return {};
  if (desktop->pool.empty() || desktop->pool_kind != PoolKind::kFloating) return {};
  TOBARI_ASSIGN(const Pool pool, step.writer.pool(desktop->pool));
  if (idle < pool.keep) return {};
  step.effects.more = true;
  return step.retire(*desktop, {}, "desktop.release", std::format("nobody was connected for {} s", idle.count()));
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
  for (const auto& [id, idle] : event.idle_for) TOBARI_TRY(end_idle(step, id, idle));
  TOBARI_ASSIGN(const auto pools, step.writer.pools());
  TOBARI_ASSIGN(const auto hosts, step.writer.hosts());
  if (step.settings.planted.drain_takes_assigned) TOBARI_TRY(take_assigned(step, hosts));
  Budget budget{.event = event};
  for (const Pool& pool : pools) {
    TOBARI_ASSIGN(const bool gone, is_gone(step, pool));
    if (gone || pool.kind == PoolKind::kManual) continue;
    TOBARI_TRY(sweep_pool(step, budget, pool, hosts));
    TOBARI_TRY(renew_those_off(step, pool, *event.facts));
  }
  return {};
}

}  // namespace tobari::broker::control
