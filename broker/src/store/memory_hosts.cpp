// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

Result<Pool> MemoryTables::pool(const PoolId& id) const { return find_in(*pools_, id, "pool"); }

Result<std::vector<Pool>> MemoryTables::pools() const { return by_name(select<Pool>(*pools_, kAll)); }

Result<PoolFill> MemoryTables::pool_fill(const PoolId& id) const {
  PoolFill fill;
  for (const auto& [key, desktop] : *desktops_) {
    if (desktop.pool != id) continue;
    if (desktop.power == Power::kDeleted) {
      ++fill.leaving;
      continue;
    }
    ++fill.desktops;
    if (!desktop.user.empty()) ++fill.assigned;
  }
  return fill;
}

Result<void> MemoryTables::add_pool(const Pool& pool) {
  const bool name_taken = std::ranges::any_of(*pools_, [&](const auto& each) { return each.second.name == pool.name; });
  if (name_taken || !pools_.change().emplace(pool.id, pool).second) return taken("the pool exists");
  return {};
}

Result<void> MemoryTables::change_pool(const Pool& pool) {
  const bool name_taken = std::ranges::any_of(
      *pools_, [&](const auto& each) { return each.second.name == pool.name && each.first != pool.id; });
  if (name_taken) return taken("a pool of this name exists");
  const auto at = pools_.change().find(pool.id);
  if (at == pools_->end()) return missing("pool");
  const PoolKind kind = at->second.kind;
  at->second = pool;
  at->second.kind = kind;
  return {};
}

Result<void> MemoryTables::remove_pool(const PoolId& id) {
  if (std::ranges::any_of(*desktops_, [&](const auto& each) { return each.second.pool == id; })) {
    return taken("the pool has desktops");
  }
  if (pools_.change().erase(id) == 0) return missing("pool");
  return {};
}

Result<Host> MemoryTables::host(const HostId& id) const { return find_in(*hosts_, id, "host"); }

Result<std::vector<Host>> MemoryTables::hosts() const { return by_name(select<Host>(*hosts_, kAll)); }

Result<Host*> MemoryTables::changing(const HostId& id) {
  const auto at = hosts_.change().find(id);
  if (at == hosts_->end()) return missing("host");
  return &at->second;
}

Result<void> MemoryTables::set_host_mode(const HostId& id, HostMode mode) {
  TOBARI_ASSIGN(Host* const host, changing(id));
  host->mode = mode;
  return {};
}

Result<void> MemoryTables::set_host_lost(const HostId& id) {
  TOBARI_ASSIGN(Host* const host, changing(id));
  host->lost = true;
  return {};
}

Result<Host> MemoryTables::renew_lease(const HostId& id) {
  TOBARI_ASSIGN(Host* const host, changing(id));
  ++host->lease;
  host->lost = false;
  return *host;
}

Result<void> MemoryTables::set_revision(const HostId& id, std::uint64_t revision) {
  TOBARI_ASSIGN(Host* const host, changing(id));
  host->revision = revision;
  return {};
}

Result<Node> MemoryTables::node(const HostId& id) const { return find_in(*nodes_, id, "node"); }

Result<std::vector<Node>> MemoryTables::nodes() const { return by_name(select<Node>(*nodes_, kAll)); }

Result<JoinToken> MemoryTables::join_token(std::string_view sha256) const {
  return find_in(*join_tokens_, std::string(sha256), "join token");
}

Result<void> MemoryTables::add_node(const Node& node) {
  const bool name_taken = std::ranges::any_of(
      *nodes_, [&node](const auto& entry) { return entry.second.name == node.name && entry.second.role == node.role; });
  if (name_taken || !nodes_.change().emplace(node.id, node).second) return taken("the node exists");
  if (node.role == NodeRole::kHost) {
    hosts_.change().emplace(node.id, Host{.id = node.id, .name = node.name, .revision = kFirstRevision});
  }
  return {};
}

Result<void> MemoryTables::remove_node(const HostId& id) {
  if (!desktops_on_host(id)->empty()) return taken("the host has desktops");
  const bool has_disks =
      std::ranges::any_of(*user_disks_, [&id](const auto& entry) { return entry.second.host == id; });
  if (has_disks) return taken("the host has disks of users");
  if (nodes_.change().erase(id) == 0) return missing("node");
  hosts_.change().erase(id);
  return {};
}

Result<void> MemoryTables::add_join_token(const JoinToken& token) {
  if (!join_tokens_.change().emplace(token.sha256, token).second) return taken("the join token exists");
  return {};
}

Result<void> MemoryTables::remove_join_token(std::string_view sha256) {
  if (join_tokens_.change().erase(std::string(sha256)) == 0) return missing("join token");
  return {};
}

}  // namespace tobari::broker
