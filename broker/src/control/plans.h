// SPDX-License-Identifier: GPL-3.0-or-later
// What a pool's plan asks for now: how many spares there are and run, and what rests. The arithmetic, without a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "control/events.h"

namespace tobari::broker::control {

// The zones that these pools' plans name; whoever sends a Sweep resolves them. Plans that cannot be read name none.
[[nodiscard]] std::set<std::string> zones_named(std::span<const Pool> pools);

struct PlannedPool {
  Pool pool;
  PoolPlan plan;
  OpenState opening = OpenState::kOpen;  // now
  bool open_long = true;                 // it did not open within the plan's idle time
};
// A plan that cannot be read does nothing.
[[nodiscard]] PlannedPool plan_of(const Pool& pool, const ZoneTable& zones, Time now);

struct SpareTargets {
  std::uint32_t keep = 0;  // more are retired
  std::uint32_t make = 0;  // fewer are made up to this
  std::uint32_t warm = 0;  // of those that are kept, so many run
};
// `assigned`: desktops of the pool that belong to users.
[[nodiscard]] SpareTargets spare_targets(const PlannedPool& planned, std::uint32_t assigned);

// How `what` rests. kKeep and kDelete: stopped, what cannot be deleted is at least off.
[[nodiscard]] Rest rest_of(Unused what);

// Of one sweep over all pools.
struct PowerBudget {
  std::size_t rested = 0;
  std::size_t woken = 0;
};

}  // namespace tobari::broker::control
