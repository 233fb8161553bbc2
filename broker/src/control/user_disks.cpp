// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/user_disks.h"

#include <algorithm>
#include <format>
#include <utility>

#include "control/steps.h"
#include "core/names.h"

namespace tobari::broker::control {
namespace {

// Where a disk is bound to a host, because nobody else reaches it.
bool is_bound(const UserDisk& disk) { return disk.storage.empty() && !disk.host.empty(); }

// An error: it is not, and why.
Result<void> check_free(const Step& step, const UserDisk& disk) {
  if (disk.kind == UserDiskKind::kFolder || disk.holder.empty()) return {};
  const auto holder = step.writer.desktop(disk.holder);
  if (!holder.has_value()) {
    if (holder.error().code == Errc::kNotFound) return {};  // nothing of that desktop is left
    return std::unexpected<Error>(holder.error());
  }
  if (holder->power != Power::kDeleted) {
    return fail(Errc::kAlreadyExists,
                std::format("your disk {} is in {}: log off there first", disk.name, holder->name));
  }
  if (step.settings.planted.free_disk_at_retire) return {};
  TOBARI_ASSIGN(const Host host, step.writer.host(holder->host));
  if (host.lost && !disk.storage.empty()) return {};  // fenced
  if (host.lost) {
    return fail(Errc::kUnavailable, std::format("your disk {} is on host {}, which is lost: it can be used again when "
                                                "that host is back",
                                                disk.name, host.name));
  }
  return fail(Errc::kUnavailable, std::format("your disk {} is still being taken out of {}: try again in a moment",
                                              disk.name, holder->name));
}

}  // namespace

bool reachable(const DiskClaim& claim, const HostId& host, const Facts& facts) {
  if (claim.existing.has_value() && is_bound(*claim.existing)) return claim.existing->host == host;
  if (claim.wanted.storage.empty()) return true;
  const auto known = facts.connected.find(host);
  return known != facts.connected.end() && std::ranges::contains(known->second.storages, claim.wanted.storage);
}

Result<void> narrow_to_disk(const DiskClaim& claim, const Facts& facts, std::vector<HostCapacity>& hosts,
                            PlacementWish& wish) {
  if (claim.existing.has_value() && is_bound(*claim.existing)) {
    const auto there = std::ranges::find(hosts, claim.existing->host, &HostCapacity::id);
    if (there == hosts.end()) return fail(Errc::kUnavailable, "the host of your disk is not there any more");
    wish.host = there->name;
    return {};
  }
  std::erase_if(hosts, [&](const HostCapacity& host) { return !reachable(claim, host.id, facts); });
  if (!hosts.empty()) return {};
  return fail(Errc::kUnavailable, std::format("no host that is connected reaches the storage {} of your disk {}",
                                              claim.wanted.storage, claim.wanted.name));
}

Result<DiskClaim> look_for_disk(const Step& step, const User& user, const PlanDisk& wanted) {
  DiskClaim claim{.wanted = wanted, .existing = std::nullopt};
  auto known = step.writer.user_disk_named(user.id, wanted.name);
  if (!known.has_value()) {
    if (known.error().code == Errc::kNotFound) return claim;
    return std::unexpected<Error>(known.error());
  }
  if (known->removing) {
    return fail(Errc::kUnavailable, std::format("your disk {} is being deleted: try again in a moment", known->name));
  }
  if (known->kind != wanted.kind || known->storage != wanted.storage) {
    return fail(Errc::kAlreadyExists,
                std::format("your {} {} is not what this pool gives its users: ask an administrator",
                            to_string(known->kind), known->name));
  }
  TOBARI_TRY(check_free(step, *known));
  if (is_bound(*known)) {
    TOBARI_ASSIGN(const Host host, step.writer.host(known->host));
    if (host.lost) {
      return fail(Errc::kUnavailable, std::format("your disk {} is on host {}, which is lost: it can be used again "
                                                  "when that host is back",
                                                  known->name, host.name));
    }
  }
  claim.existing = std::move(*known);
  return claim;
}

Result<void> claim_disk(Step& step, const DiskClaim& claim, const User& user, const Desktop& desktop, const Who& who) {
  const bool local = claim.wanted.storage.empty();
  const HostId host = local ? desktop.host : HostId();
  const DesktopId holder = claim.wanted.kind == UserDiskKind::kDisk ? desktop.id : DesktopId();
  UserDisk disk;
  if (claim.existing.has_value()) {
    disk = *claim.existing;
    // What was promised is kept: a disk grows, and never shrinks.
    if (claim.wanted.size_gib > disk.size_gib) {
      TOBARI_TRY(step.writer.set_user_disk_size(disk.id, claim.wanted.size_gib));
    }
  } else {
    // The same again is the same: its first desktop's id is nobody else's, and no id of a disk.
    TOBARI_ASSIGN(disk.id, UserDiskId::parse(desktop.id.str()));
    disk.user = user.id;
    disk.name = claim.wanted.name;
    disk.kind = claim.wanted.kind;
    disk.size_gib = claim.wanted.size_gib;
    disk.storage = claim.wanted.storage;
    TOBARI_TRY(step.writer.add_user_disk(disk));
    TOBARI_TRY(
        step.record(who, "disk.create", disk.id.str(),
                    std::format("{} {} of {}, {} GiB", to_string(disk.kind), disk.name, user.name, disk.size_gib)));
  }
  if (disk.holder == holder && disk.host == host) return {};
  TOBARI_TRY(step.writer.hold_user_disk(disk.id, disk.epoch, holder, host));
  step.effects.changed.insert(desktop.host);
  return {};
}

Result<void> disks_reported(Step& step, const Host& host, const HostReported& event) {
  for (const SeenDesktop& seen : event.desktops) {
    for (const UserDiskId& id : seen.disks) {
      const auto disk = step.writer.user_disk(id);
      // A host may say what it likes: this only keeps an empty disk from being made in place of one that was there.
      if (disk.has_value() && !disk->made) TOBARI_TRY(step.writer.set_user_disk_made(id));
    }
  }
  for (const UserDiskId& id : event.removed_disks) {
    const auto disk = step.writer.user_disk(id);
    const bool its_own = disk.has_value() && disk->removing && (disk->host == host.id || !disk->storage.empty());
    if (!its_own) continue;
    TOBARI_TRY(step.writer.remove_user_disk(id));
    step.effects.changed.insert(host.id);
    TOBARI_TRY(step.record({.actor = "host/" + host.name, .client_address = ""}, "disk.removed", id.str(),
                           std::format("{} of {}", disk->name, disk->user_name)));
  }
  return {};
}

Result<void> remove_user_disk(Step& step, const RemoveUserDisk& event) {
  TOBARI_ASSIGN(const UserDisk disk, step.writer.user_disk(event.disk));
  if (disk.removing) return {};
  if (disk.kind == UserDiskKind::kDisk && !disk.holder.empty()) {
    const auto holder = step.writer.desktop(disk.holder);
    if (holder.has_value()) {
      return fail(Errc::kAlreadyExists, std::format("{} of {} is in {}: end that desktop's use first", disk.name,
                                                    disk.user_name, holder->name));
    }
  }
  TOBARI_TRY(step.record(event.who, "disk.remove", disk.id.str(), std::format("{} of {}", disk.name, disk.user_name)));
  if (disk.host.empty() && disk.storage.empty()) return step.writer.remove_user_disk(disk.id);  // nobody has made it
  TOBARI_TRY(step.writer.set_user_disk_removing(disk.id));
  TOBARI_ASSIGN(const auto hosts, step.writer.hosts());
  for (const Host& host : hosts) {
    if (host.id == disk.host || !disk.storage.empty()) step.effects.changed.insert(host.id);
  }
  return {};
}

Result<LifeFacts> life_facts(const Reader& reader, const HostId& host, std::span<const Desktop> desktops,
                             std::span<const Pool> pools, Time now) {
  LifeFacts facts{.now = now};
  TOBARI_ASSIGN(const auto disks, reader.user_disks_near(host));
  std::map<PoolId, PoolPlan> plans;
  for (const Pool& pool : pools) plans.emplace(pool.id, parse_pool_plan(pool.plan).value_or(PoolPlan{}));
  for (const Desktop& desktop : desktops) {
    const auto found = plans.find(desktop.pool);
    if (found == plans.end() || desktop.power == Power::kDeleted) continue;
    const PoolPlan& plan = found->second;
    DesktopLife& life = facts.desktops[desktop.id];
    life.on_crash = plan.on_crash;
    life.crash_restarts = plan.crash_restarts;
    life.takes_disk = !plan.disk.name.empty() && plan.disk.kind == UserDiskKind::kDisk;
    if (desktop.user.empty() || plan.disk.name.empty()) continue;
    for (const UserDisk& disk : disks) {
      const bool its_own = disk.user == desktop.user && disk.name == plan.disk.name && !disk.removing;
      const bool has_it = disk.kind == UserDiskKind::kDisk ? disk.holder == desktop.id
                                                           : disk.host == desktop.host || !disk.storage.empty();
      if (its_own && has_it) life.disks.push_back(disk);
    }
  }
  for (const UserDisk& disk : disks) {
    if (disk.removing && (disk.host == host || !disk.storage.empty())) facts.removing.push_back(disk);
  }
  return facts;
}

}  // namespace tobari::broker::control
