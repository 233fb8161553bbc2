// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>
#include <utility>

#include "core/session_state.h"
#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

namespace {

bool is_there(const Desktop& desktop) { return desktop.power != Power::kDeleted; }

}  // namespace

Result<Desktop> MemoryTables::desktop(const DesktopId& id) const {
  auto found = find_in(*desktops_, id, "desktop");
  if (found.has_value()) *found = with_names(std::move(*found));
  return found;
}

Result<std::vector<Desktop>> MemoryTables::desktops() const { return named(select<Desktop>(*desktops_, kAll)); }

Result<Desktop> MemoryTables::desktop_by_name(std::string_view name) const {
  for (const auto& [id, each] : *desktops_) {
    if (each.name == name) return with_names(each);
  }
  return missing("desktop");
}

Result<std::vector<Desktop>> MemoryTables::desktops_after(std::string_view name, std::size_t limit) const {
  auto found = named(select<Desktop>(*desktops_, [name](const Desktop& d) { return d.name > name; }));
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

Result<std::vector<Desktop>> MemoryTables::desktops_of_user(const UserId& user) const {
  return named(select<Desktop>(*desktops_, [&user](const Desktop& d) { return d.user == user; }));
}

Result<std::vector<Desktop>> MemoryTables::desktops_on_host(const HostId& host) const {
  return named(select<Desktop>(*desktops_, [&host](const Desktop& d) { return d.host == host; }));
}

Result<std::vector<Desktop>> MemoryTables::desktops_of_pool(const PoolId& pool) const {
  return named(select<Desktop>(*desktops_, [&pool](const Desktop& d) { return d.pool == pool && is_there(d); }));
}

Result<std::vector<Desktop>> MemoryTables::desktops_of_pool_after(const PoolId& pool, std::string_view name,
                                                                  std::size_t limit) const {
  auto found = named(select<Desktop>(
      *desktops_, [&pool, name](const Desktop& d) { return d.pool == pool && is_there(d) && d.name > name; }));
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

Result<std::vector<Desktop>> MemoryTables::unused_desktops(const PoolId& pool, Time since, Time until) const {
  std::set<std::pair<UserId, DesktopId>> used;
  for (const auto& [id, session] : *sessions_) {
    const bool is_new = session.created_at >= since && session.created_at <= until;
    if (!is_new && !is_live(session, until)) continue;
    used.emplace(session.user, session.desktop);
    for (const DesktopId& further : session.further) used.emplace(session.user, further);
  }
  return named(select<Desktop>(*desktops_, [&](const Desktop& d) {
    return d.pool == pool && is_there(d) && !d.user.empty() && !used.contains({d.user, d.id});
  }));
}

Result<Desktop> MemoryTables::desktop_in_pool(const UserId& user, const PoolId& pool) const {
  for (const auto& [id, each] : *desktops_) {
    if (each.pool == pool && each.user == user && is_there(each)) return with_names(each);
  }
  return missing("desktop of this user in the pool");
}

Result<std::vector<Desktop>> MemoryTables::spares(const PoolId& pool, std::size_t limit) const {
  auto found = named(select<Desktop>(
      *desktops_, [&pool](const Desktop& d) { return d.pool == pool && d.user.empty() && is_there(d); }));
  if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
  return found;
}

bool MemoryTables::pool_is_taken(const UserId& user, const PoolId& pool, const DesktopId& except) const {
  if (user.empty() || pool.empty()) return false;
  return std::ranges::any_of(*desktops_, [&](const auto& entry) {
    return entry.second.user == user && entry.second.pool == pool && entry.first != except;
  });
}

Result<Desktop*> MemoryTables::touched(const DesktopId& id) {
  auto& desktops = desktops_.change();
  const auto at = desktops.find(id);
  if (at == desktops.end()) return missing("desktop");
  if (const auto host = hosts_.change().find(at->second.host); host != hosts_->end()) {
    at->second.revision = ++host->second.revision;
  }
  return &at->second;
}

Result<void> MemoryTables::add_desktop(const Desktop& desktop) {
  if (!desktop.user.empty() && !users_->contains(desktop.user)) return taken("the user does not exist");
  if (!desktop.pool.empty() && !pools_->contains(desktop.pool)) return taken("the pool does not exist");
  if (!nodes_->contains(desktop.host)) return taken("the host does not exist");
  if (pool_is_taken(desktop.user, desktop.pool, desktop.id)) return taken("the user has a desktop in this pool");
  const bool name_taken =
      std::ranges::any_of(*desktops_, [&desktop](const auto& entry) { return entry.second.name == desktop.name; });
  if (name_taken || !desktops_.change().emplace(desktop.id, desktop).second) return taken("the desktop exists");
  if (const auto host = hosts_.change().find(desktop.host); host != hosts_->end()) {
    host->second.promised_mib += desktop.memory_mib;
    ++host->second.desktops;
  }
  return touched(desktop.id).has_value() ? Result<void>() : missing("desktop");
}

Result<void> MemoryTables::set_power(const DesktopId& id, Power power) {
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->power = power;
  desktop->rest = Rest::kStopped;
  desktop->wakes = false;
  return {};
}

Result<void> MemoryTables::set_epoch(const DesktopId& id, std::uint64_t epoch) {
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->epoch = epoch;
  return {};
}

Result<void> MemoryTables::remove_desktop(const DesktopId& id) {
  const auto at = desktops_->find(id);
  if (at == desktops_->end()) return missing("desktop");
  if (const auto host = hosts_.change().find(at->second.host); host != hosts_->end()) {
    host->second.promised_mib -= at->second.memory_mib;
    --host->second.desktops;
  }
  desktops_.change().erase(id);
  return {};
}

Result<void> MemoryTables::assign_desktop(const DesktopId& id, std::uint64_t epoch, const UserId& user) {
  const auto at = desktops_->find(id);
  if (at == desktops_->end() || at->second.epoch != epoch || !at->second.user.empty() || !is_there(at->second)) {
    return missing("spare");
  }
  if (!users_->contains(user)) return taken("the user does not exist");
  if (pool_is_taken(user, at->second.pool, id)) return taken("the user has a desktop in this pool");
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->user = user;
  ++desktop->epoch;
  return {};
}

Result<void> MemoryTables::retire_desktop(const DesktopId& id, std::uint64_t epoch) {
  const auto at = desktops_->find(id);
  if (at == desktops_->end() || at->second.epoch != epoch) return missing("desktop of this epoch");
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  desktop->user = {};
  desktop->power = Power::kDeleted;
  desktop->ending.reset();
  ++desktop->epoch;
  return {};
}

Result<void> MemoryTables::put_in_pool(const DesktopId& id, const PoolId& pool, const UserId& user) {
  if (!pool.empty() && !pools_->contains(pool)) return taken("the pool does not exist");
  if (!user.empty() && !users_->contains(user)) return taken("the user does not exist");
  if (pool_is_taken(user, pool, id)) return taken("the user has a desktop in this pool");
  TOBARI_ASSIGN(Desktop* const desktop, touched(id));
  if (desktop->user != user) ++desktop->epoch;
  desktop->pool = pool;
  desktop->user = user;
  return {};
}

Desktop MemoryTables::with_names(Desktop desktop) const {
  if (const auto user = users_->find(desktop.user); user != users_->end())
    desktop.user_name = user->second.name;
  else
    desktop.user_name.clear();
  if (const auto node = nodes_->find(desktop.host); node != nodes_->end()) desktop.host_name = node->second.name;
  const auto pool = pools_->find(desktop.pool);
  const bool in_pool = pool != pools_->end();
  desktop.pool_name = in_pool ? pool->second.name : "";
  desktop.pool_kind = in_pool ? pool->second.kind : PoolKind::kManual;
  desktop.labels = in_pool ? pool->second.labels : std::vector<std::string>();
  return desktop;
}

std::vector<Desktop> MemoryTables::named(std::vector<Desktop> list) const {
  for (Desktop& desktop : list) desktop = with_names(std::move(desktop));
  return by_name(std::move(list));
}

}  // namespace tobari::broker
