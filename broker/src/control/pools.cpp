// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <format>

#include "control/steps.h"
#include "core/names.h"

namespace tobari::broker::control {
namespace {

std::string described(const Pool& pool) {
  const std::string plan = in_words(parse_pool_plan(pool.plan).value_or(PoolPlan{}));
  return std::format("{}, {}, {} ({}): {} vCPU, {} MiB, {} to {} desktops, {} spares{}{}{}", pool.name,
                     to_string(pool.kind), pool.image, to_string(pool.machine), pool.vcpus, pool.memory_mib, pool.min,
                     pool.max, pool.spares, pool.renewal == Renewal::kAtLogOff ? ", renewed at log-off" : "",
                     pool.open ? "" : ", closed", plan.empty() ? "" : "; " + plan);
}

Result<void> check_plan_of(const Pool& pool) {
  TOBARI_ASSIGN(const PoolPlan plan, parse_pool_plan(pool.plan));
  return check_plan(plan, pool);
}

Result<void> check_name(const Step& step, const Pool& pool) {
  TOBARI_ASSIGN(const auto pools, step.writer.pools());
  const bool taken =
      std::ranges::any_of(pools, [&pool](const Pool& each) { return each.name == pool.name && each.id != pool.id; });
  if (taken) return fail(Errc::kAlreadyExists, std::format("there is a pool named {} already", pool.name));
  return {};
}

}  // namespace

Result<void> add_pool(Step& step, const AddPool& event) {
  TOBARI_TRY(check_name(step, event.pool));
  TOBARI_TRY(check_plan_of(event.pool));
  TOBARI_TRY(step.writer.add_pool(event.pool));
  step.effects.more = true;
  return step.record(event.who, "pool.create", event.pool.id.str(), described(event.pool));
}

Result<void> change_pool(Step& step, const ChangePool& event) {
  TOBARI_ASSIGN(const Pool before, step.writer.pool(event.pool.id));
  if (before.closing) return fail(Errc::kAlreadyExists, std::format("pool {} is being removed", before.name));
  TOBARI_TRY(check_name(step, event.pool));
  Pool pool = event.pool;
  pool.kind = before.kind;
  pool.closing = false;
  TOBARI_TRY(check_plan_of(pool));
  TOBARI_TRY(step.writer.change_pool(pool));
  step.effects.more = true;
  return step.record(event.who, "pool.change", pool.id.str(), described(pool));
}

Result<void> remove_pool(Step& step, const RemovePool& event) {
  TOBARI_ASSIGN(Pool pool, step.writer.pool(event.pool));
  if (pool.closing) return {};
  TOBARI_ASSIGN(const PoolFill fill, step.writer.pool_fill(pool.id));
  if (fill.assigned > 0) {
    return fail(Errc::kAlreadyExists,
                std::format("{} desktops of pool {} belong to users: close it, and remove it when "
                            "they are gone",
                            fill.assigned, pool.name));
  }
  pool.closing = true;
  TOBARI_TRY(step.writer.change_pool(pool));
  step.effects.more = true;
  return step.record(event.who, "pool.remove", pool.id.str(), pool.name);
}

Result<void> put_in_pool(Step& step, const PutInPool& event) {
  TOBARI_ASSIGN(const Desktop desktop, step.writer.desktop(event.desktop));
  if (desktop.power == Power::kDeleted) return fail(Errc::kNotFound, "the desktop is being removed");
  if (!desktop.pool.empty() && desktop.pool_kind != PoolKind::kManual) {
    return fail(Errc::kAlreadyExists,
                std::format("{} belongs to pool {}, which makes its own desktops", desktop.name, desktop.pool_name));
  }
  std::string name;
  if (!event.pool.empty()) {
    TOBARI_ASSIGN(const Pool pool, step.writer.pool(event.pool));
    if (pool.kind != PoolKind::kManual || pool.closing) {
      return fail(Errc::kInvalidArgument, std::format("pool {} takes no desktops by hand", pool.name));
    }
    name = pool.name;
    const auto other = step.writer.desktop_in_pool(event.user, event.pool);
    if (other.has_value() && other->id != desktop.id) {
      return fail(Errc::kAlreadyExists, std::format("{} has {} in this pool already", other->user_name, other->name));
    }
  }
  TOBARI_ASSIGN(const User user, step.writer.user(event.user));
  TOBARI_TRY(step.writer.put_in_pool(desktop.id, event.pool, user.id));
  step.effects.changed.insert(desktop.host);
  if (desktop.user != user.id) {
    // An end that its former user was told of is not the new one's.
    if (desktop.ending) TOBARI_TRY(step.writer.set_ending(desktop.id, std::nullopt));
    step.effects.ended.push_back({desktop.id, desktop.user, "it was given to somebody else"});
  }
  return step.record(event.who, "desktop.assign", desktop.id.str(),
                     name.empty() ? std::format("{} of {}, in no pool", desktop.name, user.name)
                                  : std::format("{} for {} in pool {}, by hand", desktop.name, user.name, name));
}

}  // namespace tobari::broker::control
