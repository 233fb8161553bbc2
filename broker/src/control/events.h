// SPDX-License-Identifier: GPL-3.0-or-later
// What can happen to the control plane, and what must be said to hosts and people afterwards. Plain values: ids are
// made by whoever sends the event, so that the same event again is the same event.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <tobari/base/ids.h>

#include "core/pool_plan.h"
#include "core/types.h"

namespace tobari::broker::control {

inline constexpr std::size_t kMaxMadePerSweep = 4;      // so that a transaction stays short: some 4 ms each of 100,000
inline constexpr std::size_t kSparesLookedAtFirst = 8;  // then, when none of them runs:
inline constexpr std::size_t kMaxSparesLookedAt = 64;   // a spare is as good as another
inline constexpr std::uint32_t kMaxPoolDesktops = 100'000;
inline constexpr std::size_t kMaxRestedPerSweep = 64;
inline constexpr std::size_t kMaxEndedPerSweep = 128;  // of users' desktops
inline constexpr std::size_t kMaxWokenPerSweep = 16;   // hosts start machines side by side, but not many
inline constexpr std::size_t kMaxEndText = 256;        // bytes
inline constexpr std::chrono::seconds kMaxEndNotice{std::chrono::days(1)};

// What a broker has heard from the hosts whose line it holds. May be old: nothing here decides who owns what.
struct HostFacts {
  HostId id;
  std::vector<std::string> images;
  std::uint64_t memory_mib = 0;
  std::uint64_t pixels_per_second = 0;
  std::vector<std::string> storages{};  // of several hosts, that it reaches
  std::string no_room{};                // a sentence when its disks take nothing more; empty: they do
};
struct Facts {
  std::map<HostId, HostFacts> connected;
  std::set<DesktopId> running;
  std::set<DesktopId> failed{};  // their hosts have given them up
};

// For the audit.
struct Who {
  std::string actor = "broker";
  std::string client_address{};
};

// ---- of users
// The user's desktop of this pool: the one they have, else a spare, else a new one with the id `fresh`.
struct Assign {
  RequestId request;  // the same request again gets the same answer
  UserId user;
  PoolId pool;
  DesktopId fresh;
  std::shared_ptr<const Facts> facts;
  Who who;
};
// A floating desktop is not needed any more. Of another user's, or gone: nothing to do.
struct GiveBack {
  DesktopId desktop;
  UserId user;
  std::string reason;
  Who who;
};

// The same when nobody knows of which kind it is: a floating desktop is given back, in another one the guest's session
// ends.
struct LogOff {
  DesktopId desktop;
  UserId user;
  Who who;
  std::shared_ptr<const Facts> facts{};  // for a desktop that moves to a newer image now; null: it does later
};
// In order, or by its plug.
struct RestartOf {
  DesktopId desktop;
  bool at_once = false;
  Who who;
};

// ---- of time
// Keeps pools filled and hosts that drain empty.
struct Sweep {
  std::shared_ptr<const Facts> facts;
  std::vector<DesktopId> fresh;  // for spares, kMaxMadePerSweep at most are used
  // Desktops of users without a client, since when. What is not named is left alone.
  std::map<DesktopId, std::chrono::seconds> idle_for{};
  ZoneTable zones{};  // of the pools' plans
};

// ---- of hosts
struct LeaseAsk {
  HostId host;
  std::uint64_t number = 0;    // of the request, the host's own
  std::uint64_t revision = 0;  // of the desired state that it has
};
// Several hosts' in one transaction.
struct LeasesAsked {
  std::vector<LeaseAsk> asks;
};
// This broker has seen the host's lease stand at `lease` for so long that whatever ran under it has been stopped.
struct HostSilent {
  HostId host;
  std::uint64_t lease = 0;
};
struct SeenDesktop {
  DesktopId id;
  std::uint64_t epoch = 0;
  bool logged_off = false;          // its user has ended the guest's session since it is theirs
  std::vector<UserDiskId> disks{};  // that its guest has
};
struct HostReported {
  HostId host;
  std::uint64_t revision = 0;               // that the report follows from
  std::vector<SeenDesktop> desktops;        // everything that is left there of desktops
  std::vector<UserDiskId> removed_disks{};  // of those that were to be deleted: they are gone
  std::shared_ptr<const Facts> facts{};     // as of LogOff
  std::uint64_t number = 0;                 // rises with every report that this broker is sent
};

// ---- of administrators
// What a drain does to users that are there. Wait: nothing, they leave when they like. Move: floating desktops end
// after a notice, and their users get others elsewhere; what cannot move stays (left_on_host()).
enum class DrainHow { kWait, kMove };
struct SetHostMode {
  HostId host;
  HostMode mode = HostMode::kReady;
  Who who;
  DrainHow how = DrainHow::kWait;
  std::chrono::seconds notice{};
  std::string text{};  // for the users, besides that their desktop ends
};
// The use of a desktop by its user ends, which their client is told before. A floating one is deleted then.
struct EndUse {
  DesktopId desktop;
  std::chrono::seconds notice{};  // zero: now
  bool stop = false;              // of one that is kept: it is switched off besides
  std::string text{};
  Who who;
};
// It does not end after all.
struct KeepUse {
  DesktopId desktop;
  Who who;
};
// With everything that is on it.
struct RemoveUserDisk {
  UserDiskId disk;
  Who who;
};
struct AddPool {
  Pool pool;
  Who who;
};
struct ChangePool {
  Pool pool;  // its kind stays
  Who who;
};
struct RemovePool {
  PoolId pool;
  Who who;
};
// Manual pools. An empty pool takes it out of its pool.
struct PutInPool {
  DesktopId desktop;
  PoolId pool;
  UserId user;
  Who who;
};

using Event = std::variant<Assign, GiveBack, LogOff, RestartOf, Sweep, LeasesAsked, HostSilent, HostReported,
                           SetHostMode, EndUse, KeepUse, RemoveUserDisk, AddPool, ChangePool, RemovePool, PutInPool>;

// ---- what follows
struct GrantedLease {
  HostId host;
  std::uint64_t number = 0;    // of the request
  std::uint64_t revision = 0;  // holds for a host that has this desired state or a newer one
};
struct EndedUse {
  DesktopId desktop;
  UserId user;  // whose use it was
  std::string reason;
};
// Said to a host that has the desktop with this epoch; nothing comes of it elsewhere.
struct DesktopOrder {
  DesktopId desktop;
  HostId host;
  std::uint64_t epoch = 0;
  bool at_once = false;  // of a restart
};
struct Effects {
  std::set<HostId> changed;     // tell them what they shall do
  std::vector<EndedUse> ended;  // end the sessions of these desktops
  std::vector<GrantedLease> leases;
  std::vector<DesktopOrder> log_offs;  // end the guest's session
  std::vector<DesktopOrder> restarts;
  std::optional<Desktop> assigned;   // the answer to Assign
  bool more = false;                 // something is left to do: sweep soon
  std::vector<SeenDesktop> unknown;  // reported by a host, and of no desktop of it that is known here
};

// For the simulator and its tests: each makes one mistake that it must find. Never set in a program.
struct Planted {
  bool move_when_silent = false;    // a host whose line this broker does not hold counts as lost
  bool believe_old_epochs = false;  // a host's lower epoch is taken over
  bool drain_takes_assigned = false;
  bool do_not_repeat = false;  // a host that is behind is not told again
  bool no_record = false;
  bool forget_requests = false;      // a request that comes again is a new one
  bool free_disk_at_retire = false;  // a user's disk is free when its desktop is to be deleted, not when it is gone
};

}  // namespace tobari::broker::control
