// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/plans.h"

#include <algorithm>
#include <format>
#include <utility>

#include "control/steps.h"
#include "core/names.h"

namespace tobari::broker::control {
namespace {

bool is_warm_time(OpenState opening) { return opening != OpenState::kClosed; }

Result<void> put_to_rest(Step& step, PowerBudget& budget, const Desktop& desktop, Rest rest, bool wakes,
                         const std::string& why) {
  if (budget.rested >= kMaxRestedPerSweep) {
    step.effects.more = true;
    return {};
  }
  ++budget.rested;
  TOBARI_TRY(step.writer.put_to_rest(desktop.id, rest, wakes));
  step.effects.changed.insert(desktop.host);
  return step.record({}, "desktop.rest", desktop.id.str(),
                     std::format("{} is {}: {}", desktop.name, to_string(rest), why));
}

Result<void> wake_one(Step& step, PowerBudget& budget, const Desktop& desktop, const std::string& why) {
  if (budget.woken >= kMaxWokenPerSweep) {
    step.effects.more = true;
    return {};
  }
  ++budget.woken;
  TOBARI_TRY(step.writer.set_power(desktop.id, Power::kOn));
  step.effects.changed.insert(desktop.host);
  return step.record({}, "desktop.wake", desktop.id.str(), std::format("{}: {}", desktop.name, why));
}

}  // namespace

std::set<std::string> zones_named(std::span<const Pool> pools) {
  std::set<std::string> names;
  for (const Pool& pool : pools) {
    const auto plan = parse_pool_plan(pool.plan);
    if (plan.has_value() && !plan->zone.empty()) names.insert(plan->zone);
  }
  return names;
}

PlannedPool plan_of(const Pool& pool, const ZoneTable& zones, Time now) {
  PlannedPool made{.pool = pool, .plan = parse_pool_plan(pool.plan).value_or(PoolPlan{})};
  made.opening = opening_at(made.plan, zones, now);
  // A desktop that rested all night has been unused for hours when it is woken: the time counts from the opening.
  made.open_long = made.plan.hours.empty() || !is_warm_time(made.opening) ||
                   is_warm_time(opening_at(made.plan, zones, now - made.plan.idle_after));
  return made;
}

SpareTargets spare_targets(const PlannedPool& planned, std::uint32_t assigned) {
  const Pool& pool = planned.pool;
  if (pool.closing) return {};
  const std::uint32_t below_min = pool.min > assigned ? pool.min - assigned : 0;
  const std::uint32_t room = pool.max > assigned ? pool.max - assigned : 0;
  const std::uint32_t usual = std::min(std::max(pool.spares, below_min), room);
  if (planned.opening != OpenState::kClosed || planned.plan.closed == Unused::kKeep) {
    return {.keep = usual, .make = usual, .warm = usual};
  }
  const std::uint32_t few = std::min(std::max(planned.plan.closed_spares, below_min), room);
  const std::uint32_t keep = planned.plan.closed == Unused::kDelete ? few : std::max(usual, few);
  return {.keep = keep, .make = few, .warm = std::min(planned.plan.closed_spares, keep)};
}

Rest rest_of(Unused what) {
  if (what == Unused::kSuspend) return Rest::kSuspended;
  return what == Unused::kSave ? Rest::kSaved : Rest::kStopped;
}

Result<void> keep_power(Step& step, PowerBudget& budget, const Sweep& event, const PlannedPool& planned,
                        const SpareTargets& targets, const std::vector<Desktop>& spares) {
  std::vector<const Desktop*> on;
  std::vector<const Desktop*> off;
  for (const Desktop& spare : spares) (spare.power == Power::kOn ? on : off).push_back(&spare);
  // Those that run already stay; those that come back soonest come back.
  std::ranges::stable_sort(on, {}, [&event](const Desktop* d) { return event.facts->running.contains(d->id) ? 0 : 1; });
  std::ranges::stable_sort(
      off, {}, [](const Desktop* d) { return d->rest == Rest::kSuspended ? 0 : (d->rest == Rest::kSaved ? 1 : 2); });
  const std::string why = std::format("a spare, pool {} is {}", planned.pool.name,
                                      planned.opening == OpenState::kClosed ? "closed" : "open");
  for (std::size_t i = targets.warm; i < on.size(); ++i) {
    TOBARI_TRY(put_to_rest(step, budget, *on[i], rest_of(planned.plan.closed), false, why));
  }
  const std::size_t missing = targets.warm > on.size() ? targets.warm - on.size() : 0;
  for (std::size_t i = 0; i < std::min(missing, off.size()); ++i) TOBARI_TRY(wake_one(step, budget, *off[i], why));
  return {};
}

Result<void> rest_unused(Step& step, PowerBudget& budget, const PlannedPool& planned, const Desktop& desktop,
                         std::chrono::seconds idle) {
  const PoolPlan& plan = planned.plan;
  if (desktop.power != Power::kOn || desktop.ending) return {};
  const std::string why = std::format("nobody was connected for {} s", idle.count());
  if (planned.opening == OpenState::kClosed && plan.closed != Unused::kKeep && idle >= plan.closed_after) {
    return put_to_rest(step, budget, desktop, rest_of(plan.closed), plan.wake,
                       std::format("{}, pool {} is closed", why, planned.pool.name));
  }
  if (plan.idle == Unused::kKeep || idle < plan.idle_after || !planned.open_long) return {};
  return put_to_rest(step, budget, desktop, rest_of(plan.idle), false, why);
}

Result<void> wake_users(Step& step, PowerBudget& budget, const PlannedPool& planned) {
  if (!planned.plan.wake || (planned.opening != OpenState::kOpen && planned.opening != OpenState::kLead)) return {};
  TOBARI_ASSIGN(const auto resting, step.writer.desktops_that_wake(planned.pool.id, kMaxWokenPerSweep + 1));
  for (const Desktop& desktop : resting) {
    TOBARI_TRY(wake_one(step, budget, desktop, std::format("pool {} opens", planned.pool.name)));
  }
  return {};
}

}  // namespace tobari::broker::control
