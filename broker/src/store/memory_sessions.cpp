// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

namespace {

bool lives(const Session& session) {
  return session.state == SessionState::kOffered || session.state == SessionState::kConnected;
}

std::vector<Session> newest(std::vector<Session> list, std::size_t limit) {
  std::ranges::sort(list, std::greater<>{}, [](const Session& s) { return std::pair(s.created_at, s.id); });
  if (list.size() > limit) list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
  return list;
}

}  // namespace

Result<Session> MemoryTables::session(const SessionId& id) const { return find_in(*sessions_, id, "session"); }

Result<Session> MemoryTables::session_by_route(std::string_view routing_sha256) const {
  for (const auto& [id, session] : *sessions_) {
    if (session.routing_sha256 == routing_sha256) return session;
  }
  return missing("session");
}

Result<std::vector<Session>> MemoryTables::sessions(std::size_t limit) const {
  return newest(select<Session>(*sessions_, kAll), limit);
}

Result<std::vector<Session>> MemoryTables::sessions_of_user(const UserId& user, std::size_t limit) const {
  return newest(select<Session>(*sessions_, [&user](const Session& s) { return s.user == user; }), limit);
}

Result<std::vector<Session>> MemoryTables::live_sessions() const {
  return newest(select<Session>(*sessions_, lives), sessions_->size());
}

Result<std::vector<Session>> MemoryTables::live_sessions_of_user(const UserId& user) const {
  return newest(select<Session>(*sessions_, [&user](const Session& s) { return s.user == user && lives(s); }),
                sessions_->size());
}

Result<std::vector<Session>> MemoryTables::live_sessions_of_host(const HostId& host) const {
  return newest(select<Session>(*sessions_, [&host](const Session& s) { return s.host == host && lives(s); }),
                sessions_->size());
}

Result<std::map<DesktopId, PoolId>> MemoryTables::pools_of_live_sessions() const {
  std::map<DesktopId, PoolId> pools;
  for (const auto& [id, session] : *sessions_) {
    const auto at = desktops_->find(session.desktop);
    if (lives(session) && at != desktops_->end()) pools.emplace(session.desktop, at->second.pool);
  }
  return pools;
}

Result<SessionCounts> MemoryTables::session_counts(Time now) const {
  SessionCounts counts;
  for (const auto& [id, session] : *sessions_) {
    if (session.state == SessionState::kConnected) ++counts.connected;
    if (session.state == SessionState::kOffered && session.offer_expires_at > now) ++counts.offered;
  }
  return counts;
}

Result<std::uint64_t> MemoryTables::bytes_moved(const UserId& user, std::string_view channel, std::int64_t day) const {
  const auto at = moved_->find({user, std::string(channel), day});
  return at == moved_->end() ? 0 : at->second;
}

Result<bool> MemoryTables::event_is_stored(std::string_view event_id) const {
  return events_->contains(std::string(event_id));
}

Result<void> MemoryTables::add_session(const Session& session) {
  if (session_by_route(session.routing_sha256).has_value()) return taken("the routing token exists");
  if (!sessions_.change().emplace(session.id, session).second) return taken("the session exists");
  return {};
}

Result<void> MemoryTables::mark_routed(const SessionId& id, std::string_view client_address) {
  const auto at = sessions_.change().find(id);
  if (at == sessions_->end() || at->second.routed) return missing("unused session");
  at->second.routed = true;
  at->second.client_address = client_address;
  return {};
}

Result<void> MemoryTables::update_session(const SessionId& id, SessionState state, std::string_view client_address,
                                          std::string_view client_name, std::string_view detail) {
  const auto at = sessions_.change().find(id);
  if (at == sessions_->end()) return missing("session");
  at->second.state = state;
  at->second.client_address = client_address;
  at->second.client_name = client_name;
  at->second.detail = detail;
  return {};
}

Result<void> MemoryTables::set_access(const SessionId& id, std::string_view access) {
  const auto at = sessions_.change().find(id);
  if (at == sessions_->end()) return missing("session");
  at->second.access = access;
  return {};
}

Result<void> MemoryTables::add_bytes_moved(const UserId& user, std::string_view channel, std::int64_t day,
                                           std::uint64_t bytes) {
  std::erase_if(moved_.change(), [day](const auto& each) { return std::get<2>(each.first) < day - kDaysMovedIsKept; });
  moved_.change()[{user, std::string(channel), day}] += bytes;
  return {};
}

Result<void> MemoryTables::add_event(std::string_view event_id, const SessionId&, Time) {
  if (!events_.change().emplace(event_id).second) return taken("the event is stored");
  return {};
}

}  // namespace tobari::broker
