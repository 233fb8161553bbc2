// SPDX-License-Identifier: GPL-3.0-or-later
// Users' disks: whose desktop has which, and where that desktop can be. docs/POOLS.md says it for administrators.
//
// Why a disk is never in two desktops: it is its holder's as long as that desktop is in the database, which is until
// its host has reported, after it was told to delete it, that nothing of it is left. Only where the host is lost is it
// taken from it earlier, and then it has been fenced (control/hosts.cpp), and the disk is of a storage that others
// reach; what lies on the lost host itself waits for that host.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "control/events.h"
#include "core/placement.h"
#include "store/state_store.h"

namespace tobari::broker::control {

// What a desktop for a user must have.
struct DiskClaim {
  PlanDisk wanted;
  std::optional<UserDisk> existing;  // free, and usable where reachable() says
};

// Whether a desktop on this host could have it.
[[nodiscard]] bool reachable(const DiskClaim& claim, const HostId& host, const Facts& facts);
// The same for a desktop that is to be placed. kUnavailable: no host that is connected reaches the storage.
[[nodiscard]] Result<void> narrow_to_disk(const DiskClaim& claim, const Facts& facts, std::vector<HostCapacity>& hosts,
                                          PlacementWish& wish);

// What a host is told of its desktops besides what every desktop has.
struct DesktopLife {
  OnCrash on_crash = OnCrash::kRestart;
  std::uint32_t crash_restarts = 0;
  bool takes_disk = false;        // it may get one while it runs
  std::vector<UserDisk> disks{};  // that it is to have now
};
struct LifeFacts {
  std::map<DesktopId, DesktopLife> desktops{};
  std::vector<UserDisk> removing{};  // disks that this host is to delete
  Time now{};
};
// `desktops`: all of this host; `pools`: all that there are.
[[nodiscard]] Result<LifeFacts> life_facts(const Reader& reader, const HostId& host, std::span<const Desktop> desktops,
                                           std::span<const Pool> pools, Time now);

}  // namespace tobari::broker::control
