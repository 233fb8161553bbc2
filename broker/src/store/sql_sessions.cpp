// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

std::string joined(const std::vector<DesktopId>& desktops) {
  std::string text;
  for (const DesktopId& id : desktops) text += (text.empty() ? "" : " ") + id.str();
  return text;
}

Result<std::vector<DesktopId>> split(std::string_view text) {
  std::vector<DesktopId> desktops;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    TOBARI_ASSIGN(DesktopId id, DesktopId::parse(text.substr(0, end)));
    desktops.push_back(std::move(id));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return desktops;
}

struct SessionRow {
  std::string id, desktop_id, user_id, host_id, state, further;
  Session rest;
  long long created_at = 0;
  long long offer_expires_at = 0;
  int routed = 0;

  [[nodiscard]] Result<Session> parsed() const {
    Session session = rest;
    TOBARI_ASSIGN(session.id, SessionId::parse(id));
    TOBARI_ASSIGN(session.desktop, DesktopId::parse(desktop_id));
    TOBARI_ASSIGN(session.user, UserId::parse(user_id));
    TOBARI_ASSIGN(session.host, HostId::parse(host_id));
    TOBARI_ASSIGN(session.state, parse_session_state(state));
    TOBARI_ASSIGN(session.further, split(further));
    session.created_at = from_milliseconds(created_at);
    session.offer_expires_at = from_milliseconds(offer_expires_at);
    session.routed = routed != 0;
    return session;
  }
};

constexpr std::string_view kSelect =
    "SELECT id, desktop_id, user_id, user_name, host_id, state, client_address, client_name, detail, created_at, "
    "offer_expires_at, routing_sha256, routed, further_desktops, access FROM sessions ";

constexpr std::size_t kAll = std::numeric_limits<std::int32_t>::max();

}  // namespace

Result<std::vector<Session>> SqlTables::select_sessions(std::string_view where, const std::string* value,
                                                        std::size_t limit) const {
  return sql_guard(sql_, "read sessions", [this, where, value, limit]() -> Result<std::vector<Session>> {
    SessionRow row;
    const auto most = static_cast<long long>(limit);
    Query query(sql_, std::string(kSelect).append(where) + " ORDER BY created_at DESC, id DESC LIMIT :l");
    query.into(row.id).into(row.desktop_id).into(row.user_id).into(row.rest.user_name).into(row.host_id);
    query.into(row.state).into(row.rest.client_address).into(row.rest.client_name).into(row.rest.detail);
    query.into(row.created_at).into(row.offer_expires_at).into(row.rest.routing_sha256).into(row.routed);
    query.into(row.further).into(row.rest.access);
    if (value != nullptr) query.use(*value);
    query.use(most);
    std::vector<Session> found;
    while (query.next()) {
      TOBARI_ASSIGN(Session session, row.parsed());
      found.push_back(std::move(session));
    }
    return found;
  });
}

Result<Session> SqlTables::session(const SessionId& id) const {
  return only(select_sessions("WHERE id = :v", &id.str(), 1), "session");
}

Result<Session> SqlTables::session_by_route(std::string_view routing_sha256) const {
  const std::string value(routing_sha256);
  return only(select_sessions("WHERE routing_sha256 = :v", &value, 1), "session");
}

Result<std::vector<Session>> SqlTables::sessions(std::size_t limit) const {
  return select_sessions("", nullptr, limit);
}

Result<std::vector<Session>> SqlTables::sessions_of_user(const UserId& user, std::size_t limit) const {
  return select_sessions("WHERE user_id = :v", &user.str(), limit);
}

Result<std::vector<Session>> SqlTables::live_sessions() const {
  return select_sessions("WHERE state IN ('offered', 'connected')", nullptr, kAll);
}

Result<std::vector<Session>> SqlTables::live_sessions_of_user(const UserId& user) const {
  return select_sessions("WHERE user_id = :v AND state IN ('offered', 'connected')", &user.str(), kAll);
}

Result<std::vector<Session>> SqlTables::live_sessions_of_host(const HostId& host) const {
  return select_sessions("WHERE host_id = :v AND state IN ('offered', 'connected')", &host.str(), kAll);
}

Result<std::map<DesktopId, PoolId>> SqlTables::pools_of_live_sessions() const {
  return sql_guard(sql_, "read the pools of sessions", [this]() -> Result<std::map<DesktopId, PoolId>> {
    std::string desktop;
    std::string pool;
    Query query(sql_,
                "SELECT d.id, COALESCE(d.pool_id, '') FROM sessions s JOIN desktops d ON d.id = s.desktop_id "
                "WHERE s.state IN ('offered', 'connected')");
    query.into(desktop).into(pool);
    std::map<DesktopId, PoolId> pools;
    while (query.next()) {
      TOBARI_ASSIGN(DesktopId id, DesktopId::parse(desktop));
      PoolId its;
      if (!pool.empty()) {
        TOBARI_ASSIGN(its, PoolId::parse(pool));
      }
      pools.emplace(std::move(id), std::move(its));
    }
    return pools;
  });
}

Result<SessionCounts> SqlTables::session_counts(Time now) const {
  return sql_guard(sql_, "count sessions", [this, now]() -> Result<SessionCounts> {
    const long long over = to_milliseconds(now);
    long long offered = 0;
    long long connected = 0;
    Query query(sql_,
                "SELECT COUNT(CASE WHEN state = 'offered' AND offer_expires_at > :a THEN 1 END), "
                "COUNT(CASE WHEN state = 'connected' THEN 1 END) "
                "FROM sessions WHERE state IN ('offered', 'connected')");
    static_cast<void>(query.into(offered).into(connected).use(over).next());
    return SessionCounts{static_cast<std::uint64_t>(offered), static_cast<std::uint64_t>(connected)};
  });
}

Result<void> SqlTables::set_access(const SessionId& id, std::string_view access) {
  return sql_guard(sql_, "change what a session may do", [this, &id, access]() -> Result<void> {
    const std::string value(access);
    Query query(sql_, "UPDATE sessions SET access = :a WHERE id = :b");
    return expect_change(query.use(value).use(id.str()).run(), "session");
  });
}

Result<bool> SqlTables::event_is_stored(std::string_view event_id) const {
  return sql_guard(sql_, "read an event", [this, event_id]() -> Result<bool> {
    const std::string value(event_id);
    std::string found;
    Query query(sql_, "SELECT id FROM session_events WHERE id = :a");
    query.into(found).use(value);
    return query.next();
  });
}

Result<void> SqlTables::add_session(const Session& session) {
  return sql_guard(sql_, "add a session", [this, &session]() -> Result<void> {
    const std::string state(to_string(session.state));
    const long long created_at = to_milliseconds(session.created_at);
    const long long offer_expires_at = to_milliseconds(session.offer_expires_at);
    const int routed = session.routed ? 1 : 0;
    const std::string further = joined(session.further);
    Query query(sql_,
                "INSERT INTO sessions (id, desktop_id, user_id, user_name, host_id, state, client_address, "
                "client_name, detail, created_at, offer_expires_at, routing_sha256, routed, further_desktops, access) "
                "VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o)");
    query.use(session.id.str()).use(session.desktop.str()).use(session.user.str()).use(session.user_name);
    query.use(session.host.str()).use(state).use(session.client_address).use(session.client_name).use(session.detail);
    query.use(created_at).use(offer_expires_at).use(session.routing_sha256).use(routed);
    query.use(further).use(session.access).run();
    return {};
  });
}

Result<void> SqlTables::mark_routed(const SessionId& id, std::string_view client_address) {
  return sql_guard(sql_, "redeem a routing token", [this, &id, client_address]() -> Result<void> {
    const std::string address(client_address);
    // Compare and set: of two gateways with the same token one changes a row.
    Query query(sql_, "UPDATE sessions SET routed = 1, client_address = :a WHERE id = :b AND routed = 0");
    return expect_change(query.use(address).use(id.str()).run(), "unused session");
  });
}

Result<void> SqlTables::update_session(const SessionId& id, SessionState state, std::string_view client_address,
                                       std::string_view client_name, std::string_view detail) {
  const std::string words(to_string(state));
  const std::string address(client_address);
  const std::string name(client_name);
  const std::string text(detail);
  return sql_guard(sql_, "update a session", [this, &id, &words, &address, &name, &text]() -> Result<void> {
    Query query(sql_,
                "UPDATE sessions SET state = :a, client_address = :b, client_name = :c, detail = :d WHERE id = :e");
    return expect_change(query.use(words).use(address).use(name).use(text).use(id.str()).run(), "session");
  });
}

Result<void> SqlTables::add_event(std::string_view event_id, const SessionId& session, Time now) {
  return sql_guard(sql_, "store an event", [this, event_id, &session, now]() -> Result<void> {
    const std::string value(event_id);
    const long long stored_at = to_milliseconds(now);
    Query query(sql_, "INSERT INTO session_events (id, session_id, stored_at) VALUES (:a, :b, :c)");
    query.use(value).use(session.str()).use(stored_at).run();
    return {};
  });
}

}  // namespace tobari::broker
