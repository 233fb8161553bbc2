// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

// ---- desktops

Result<std::vector<Desktop>> MemoryTables::desktops_ending(Time until) const {
  return named(select<Desktop>(*desktops_, [until](const Desktop& d) { return d.ending && d.ending->at <= until; }));
}

Result<std::vector<Desktop>> MemoryTables::desktops_that_wake(const PoolId& pool, std::size_t limit) const {
  auto found = named(select<Desktop>(
      *desktops_, [&pool](const Desktop& d) { return d.pool == pool && d.wakes && d.power == Power::kOff; }));
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

Result<void> MemoryTables::put_to_rest(const DesktopId& id, Rest rest, bool wakes) {
  const auto at = desktops_->find(id);
  if (at == desktops_->end() || at->second.power == Power::kDeleted) return missing("desktop");
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->power = Power::kOff;
  desktop->rest = rest;
  desktop->wakes = wakes;
  return {};
}

Result<void> MemoryTables::set_ending(const DesktopId& id, const std::optional<Ending>& ending) {
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->ending = ending;
  // A database keeps milliseconds.
  if (ending) desktop->ending->at = std::chrono::floor<std::chrono::milliseconds>(ending->at);
  return {};
}

// ---- users' disks

std::vector<UserDisk> MemoryTables::disks_in_order(std::vector<UserDisk> list) const {
  for (UserDisk& disk : list) {
    const auto user = users_->find(disk.user);
    disk.user_name = user == users_->end() ? "" : user->second.name;
  }
  std::ranges::sort(list, [](const UserDisk& a, const UserDisk& b) {
    return std::tie(a.user_name, a.name) < std::tie(b.user_name, b.name);
  });
  return list;
}

Result<UserDisk> MemoryTables::user_disk(const UserDiskId& id) const {
  TOBARI_ASSIGN(UserDisk disk, find_in(*user_disks_, id, "user's disk"));
  return disks_in_order({std::move(disk)}).front();
}

Result<UserDisk> MemoryTables::user_disk_named(const UserId& user, std::string_view name) const {
  for (const auto& [id, disk] : *user_disks_) {
    if (disk.user == user && disk.name == name) return user_disk(id);
  }
  return missing("user's disk");
}

Result<std::vector<UserDisk>> MemoryTables::user_disks() const {
  return disks_in_order(select<UserDisk>(*user_disks_, kAll));
}

Result<std::vector<UserDisk>> MemoryTables::user_disks_of(const UserId& user) const {
  return disks_in_order(select<UserDisk>(*user_disks_, [&user](const UserDisk& k) { return k.user == user; }));
}

Result<std::vector<UserDisk>> MemoryTables::user_disks_near(const HostId& host) const {
  const auto has_desktop_there = [this, &host](const UserId& user) {
    return std::ranges::any_of(*desktops_, [&](const auto& entry) {
      return entry.second.host == host && entry.second.user == user && !user.empty();
    });
  };
  return disks_in_order(select<UserDisk>(*user_disks_, [&](const UserDisk& k) {
    return k.host == host || (k.removing && !k.storage.empty()) || has_desktop_there(k.user);
  }));
}

Result<UserDisk*> MemoryTables::changing_disk(const UserDiskId& id) {
  const auto at = user_disks_.change().find(id);
  if (at == user_disks_->end()) return missing("user's disk");
  return &at->second;
}

Result<void> MemoryTables::add_user_disk(const UserDisk& disk) {
  if (!users_->contains(disk.user)) return taken("the user does not exist");
  if (!disk.host.empty() && !nodes_->contains(disk.host)) return taken("the host does not exist");
  if (user_disk_named(disk.user, disk.name).has_value()) return taken("the user has a disk of this name");
  if (!user_disks_.change().emplace(disk.id, disk).second) return taken("the disk exists");
  return {};
}

Result<void> MemoryTables::hold_user_disk(const UserDiskId& id, std::uint64_t epoch, const DesktopId& holder,
                                          const HostId& host) {
  const auto at = user_disks_->find(id);
  if (at == user_disks_->end() || at->second.epoch != epoch || at->second.removing) {
    return missing("user's disk of this epoch");
  }
  if (!host.empty() && !nodes_->contains(host)) return taken("the host does not exist");
  TOBARI_ASSIGN(UserDisk* const disk, changing_disk(id));
  disk->holder = holder;
  disk->host = host;
  ++disk->epoch;
  if (!holder.empty()) static_cast<void>(touched(holder));
  return {};
}

Result<void> MemoryTables::set_user_disk_size(const UserDiskId& id, std::uint32_t size_gib) {
  TOBARI_ASSIGN(UserDisk* const disk, changing_disk(id));
  disk->size_gib = size_gib;
  return {};
}

Result<void> MemoryTables::set_user_disk_made(const UserDiskId& id) {
  TOBARI_ASSIGN(UserDisk* const disk, changing_disk(id));
  disk->made = true;
  return {};
}

Result<void> MemoryTables::set_user_disk_removing(const UserDiskId& id) {
  TOBARI_ASSIGN(UserDisk* const disk, changing_disk(id));
  disk->removing = true;
  disk->holder = {};
  for (auto& [host_id, host] : hosts_.change()) {
    if (host_id == disk->host || !disk->storage.empty()) ++host.revision;
  }
  return {};
}

Result<void> MemoryTables::remove_user_disk(const UserDiskId& id) {
  if (user_disks_.change().erase(id) == 0) return missing("user's disk");
  return {};
}

}  // namespace tobari::broker
