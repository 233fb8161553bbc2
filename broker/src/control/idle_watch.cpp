// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/idle_watch.h"

#include <algorithm>
#include <utility>

namespace tobari::broker::control {

void IdleWatch::seen(std::span<const Desktop> unused, Time wall, Duration now) {
  if (looked_at_ && now - *looked_at_ > kMostBetweenLooks) idle_since_.clear();
  looked_at_ = now;
  looked_wall_ = wall;
  std::map<DesktopId, Duration> next;
  for (const Desktop& desktop : unused) {
    const auto known = idle_since_.find(desktop.id);
    next.emplace(desktop.id, known == idle_since_.end() ? now : known->second);
  }
  idle_since_ = std::move(next);
}

std::map<DesktopId, std::chrono::seconds> IdleWatch::idle(Duration now) const {
  std::map<DesktopId, std::chrono::seconds> idle;
  for (const auto& [id, since] : idle_since_) idle.emplace(id, std::chrono::floor<std::chrono::seconds>(now - since));
  return idle;
}

std::optional<std::chrono::seconds> minds_idle_after(const Pool& pool) {
  std::optional<std::chrono::seconds> soonest;
  const auto may = [&soonest](std::chrono::seconds after) { soonest = std::min(soonest.value_or(after), after); };
  if (pool.kind == PoolKind::kFloating) may(pool.keep);
  const PoolPlan plan = parse_pool_plan(pool.plan).value_or(PoolPlan{});
  if (plan.idle != Unused::kKeep) may(plan.idle_after);
  if (plan.closed != Unused::kKeep) may(plan.closed_after);
  return soonest;
}

bool minds_idle(const Pool& pool) { return pool.kind == PoolKind::kFloating || !pool.plan.empty(); }

}  // namespace tobari::broker::control
