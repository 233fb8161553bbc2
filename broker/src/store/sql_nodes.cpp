// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<std::vector<Node>> SqlTables::select_nodes(std::string_view where, const std::string* value) const {
  return sql_guard(sql_, "read nodes", [this, where, value]() -> Result<std::vector<Node>> {
    Node row;
    std::string id;
    std::string role;
    long long joined_at = 0;
    Query query(sql_, std::string("SELECT id, name, role, joined_at FROM nodes ").append(where) + " ORDER BY name");
    query.into(id).into(row.name).into(role).into(joined_at);
    if (value != nullptr) query.use(*value);
    std::vector<Node> found;
    while (query.next()) {
      TOBARI_ASSIGN(row.id, HostId::parse(id));
      TOBARI_ASSIGN(row.role, parse_node_role(role));
      row.joined_at = from_milliseconds(joined_at);
      found.push_back(row);
    }
    return found;
  });
}

Result<Node> SqlTables::node(const HostId& id) const { return only(select_nodes("WHERE id = :v", &id.str()), "node"); }

Result<std::vector<Node>> SqlTables::nodes() const { return select_nodes("", nullptr); }

Result<void> SqlTables::add_node(const Node& node) {
  return sql_guard(sql_, "add a node", [this, &node]() -> Result<void> {
    const std::string role(to_string(node.role));
    const long long joined_at = to_milliseconds(node.joined_at);
    Query query(sql_, "INSERT INTO nodes (id, name, role, joined_at) VALUES (:a, :b, :c, :d)");
    query.use(node.id.str()).use(node.name).use(role).use(joined_at).run();
    if (node.role != NodeRole::kHost) return {};
    const std::string mode(to_string(HostMode::kReady));
    const auto revision = static_cast<long long>(kFirstRevision);
    Query(sql_,
          "INSERT INTO hosts (id, mode, lost, lease, revision, promised_mib, desktops) "
          "VALUES (:a, :b, 0, 0, :c, 0, 0)")
        .use(node.id.str())
        .use(mode)
        .use(revision)
        .run();
    return {};
  });
}

Result<void> SqlTables::remove_node(const HostId& id) {
  return sql_guard(sql_, "remove a node", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "DELETE FROM nodes WHERE id = :a").use(id.str()).run(), "node");
  });
}

Result<JoinToken> SqlTables::join_token(std::string_view sha256) const {
  return sql_guard(sql_, "read a join token", [this, sha256]() -> Result<JoinToken> {
    JoinToken row;
    row.sha256 = sha256;
    std::string role;
    long long expires_at = 0;
    Query query(sql_, "SELECT role, name, expires_at FROM join_tokens WHERE sha256 = :a");
    query.into(role).into(row.name).into(expires_at).use(row.sha256);
    if (!query.next()) return fail(Errc::kNotFound, "no such join token");
    TOBARI_ASSIGN(row.role, parse_node_role(role));
    row.expires_at = from_milliseconds(expires_at);
    return row;
  });
}

Result<void> SqlTables::add_join_token(const JoinToken& token) {
  return sql_guard(sql_, "add a join token", [this, &token]() -> Result<void> {
    const std::string role(to_string(token.role));
    const long long expires_at = to_milliseconds(token.expires_at);
    Query query(sql_, "INSERT INTO join_tokens (sha256, role, name, expires_at) VALUES (:a, :b, :c, :d)");
    query.use(token.sha256).use(role).use(token.name).use(expires_at).run();
    return {};
  });
}

Result<void> SqlTables::remove_join_token(std::string_view sha256) {
  return sql_guard(sql_, "use a join token", [this, sha256]() -> Result<void> {
    const std::string value(sha256);
    return expect_change(Query(sql_, "DELETE FROM join_tokens WHERE sha256 = :a").use(value).run(), "join token");
  });
}

}  // namespace tobari::broker
