// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/migrations.h"

#include <array>
#include <format>
#include <span>
#include <string_view>

#include <tobari/base/log.h>

#include "store/sql_errors.h"

namespace tobari::broker {
namespace {

// Times are milliseconds since 1970. Hashes are hexadecimal text. Ids are UUID text.
constexpr std::array kStep1{
    "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, "
    "password_hash TEXT NOT NULL)",

    "CREATE TABLE tokens (sha256 TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, "
    "expires_at BIGINT NOT NULL)",
    "CREATE INDEX tokens_by_user ON tokens(user_id)",

    "CREATE TABLE nodes (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, joined_at BIGINT NOT NULL, "
    "UNIQUE (role, name))",
    "CREATE TABLE join_tokens (sha256 TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL, "
    "expires_at BIGINT NOT NULL)",

    "CREATE TABLE desktops (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "user_id TEXT NOT NULL UNIQUE REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
    "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
    "epoch BIGINT NOT NULL)",
    "CREATE INDEX desktops_by_host ON desktops(host_id)",

    // Sessions outlive the user and the desktop: they are what happened. Hence no foreign keys.
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, desktop_id TEXT NOT NULL, user_id TEXT NOT NULL, "
    "user_name TEXT NOT NULL, host_id TEXT NOT NULL, state TEXT NOT NULL, client_address TEXT NOT NULL, "
    "client_name TEXT NOT NULL, detail TEXT NOT NULL, created_at BIGINT NOT NULL, offer_expires_at BIGINT NOT NULL, "
    "routing_sha256 TEXT NOT NULL UNIQUE, routed INTEGER NOT NULL)",
    "CREATE INDEX sessions_by_time ON sessions(created_at)",
    "CREATE INDEX sessions_by_user ON sessions(user_id, created_at)",
    "CREATE TABLE session_events (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, stored_at BIGINT NOT NULL)",

    "CREATE TABLE replies (user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, reply_key TEXT NOT NULL, "
    "request_sha256 TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT NULL, "
    "PRIMARY KEY (user_id, reply_key))",

    "CREATE TABLE audit (sequence BIGINT PRIMARY KEY, time BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, "
    "object TEXT NOT NULL, client_address TEXT NOT NULL, outcome TEXT NOT NULL, rule TEXT NOT NULL, "
    "detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE)",
    "CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END",
    "CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'audit records are never removed'); END",
};

// A user may have several desktops (D21). SQLite cannot drop a constraint, so the table is made anew; nothing refers to
// it.
constexpr std::array kStep2{
    "CREATE TABLE desktops_of_users (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "user_id TEXT NOT NULL REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
    "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
    "epoch BIGINT NOT NULL)",
    "INSERT INTO desktops_of_users (id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch) "
    "SELECT id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch FROM desktops",
    "DROP TABLE desktops",
    "ALTER TABLE desktops_of_users RENAME TO desktops",
    "CREATE INDEX desktops_by_host ON desktops(host_id)",
    "CREATE INDEX desktops_by_user ON desktops(user_id)",

    // Ids with a blank between them: they are read with their session and never looked for.
    "ALTER TABLE sessions ADD COLUMN further_desktops TEXT NOT NULL DEFAULT ''",
};

// What live sessions may do, and what users have moved today (D30, D31).
constexpr std::array kStep3{
    "ALTER TABLE sessions ADD COLUMN access TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX sessions_by_state ON sessions(state)",
    "CREATE TABLE moved (user_id TEXT NOT NULL, channel TEXT NOT NULL, day BIGINT NOT NULL, bytes BIGINT NOT NULL, "
    "PRIMARY KEY (user_id, channel, day))",
    "CREATE INDEX moved_by_day ON moved(day)",
};

// Changes of the policy that two people make.
constexpr std::array kStep4{
    "CREATE TABLE policy_proposals (sha256 TEXT PRIMARY KEY, by_id TEXT NOT NULL, by_name TEXT NOT NULL, "
    "at BIGINT NOT NULL)",
    "CREATE TABLE approved_policy (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), sha256 TEXT NOT NULL)",
};

// Pools, spares without a user, and what the control plane keeps of hosts. The revisions begin beyond what brokers
// counted before (kFirstRevision).
constexpr std::array kStep5{
    "CREATE TABLE pools (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, image TEXT NOT NULL, "
    "vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, heads INTEGER NOT NULL, labels TEXT NOT NULL, "
    "min_desktops INTEGER NOT NULL, max_desktops INTEGER NOT NULL, spares INTEGER NOT NULL, "
    "keep_seconds BIGINT NOT NULL, is_open INTEGER NOT NULL, closing INTEGER NOT NULL)",

    "CREATE TABLE hosts (id TEXT PRIMARY KEY REFERENCES nodes(id) ON DELETE CASCADE, mode TEXT NOT NULL, "
    "lost INTEGER NOT NULL, lease BIGINT NOT NULL, revision BIGINT NOT NULL, promised_mib BIGINT NOT NULL, "
    "desktops INTEGER NOT NULL)",
    "INSERT INTO hosts (id, mode, lost, lease, revision, promised_mib, desktops) "
    "SELECT n.id, 'ready', 0, 0, 2000000000000, "
    "COALESCE((SELECT SUM(d.memory_mib) FROM desktops d WHERE d.host_id = n.id), 0), "
    "(SELECT COUNT(*) FROM desktops d WHERE d.host_id = n.id) FROM nodes n WHERE n.role = 'host'",

    "CREATE TABLE desktops_in_pools (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "user_id TEXT REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
    "pool_id TEXT REFERENCES pools(id), image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, "
    "heads INTEGER NOT NULL, power TEXT NOT NULL, epoch BIGINT NOT NULL, revision BIGINT NOT NULL, "
    "UNIQUE (pool_id, user_id))",
    "INSERT INTO desktops_in_pools (id, name, user_id, host_id, pool_id, image, vcpus, memory_mib, heads, power, "
    "epoch, "
    "revision) SELECT id, name, user_id, host_id, NULL, image, vcpus, memory_mib, 4, power, epoch, 0 FROM desktops",
    "DROP TABLE desktops",
    "ALTER TABLE desktops_in_pools RENAME TO desktops",
    "CREATE INDEX desktops_by_host ON desktops(host_id)",
    "CREATE INDEX desktops_by_user ON desktops(user_id)",
};

using Step = std::span<const char* const>;
constexpr std::array<Step, 5> kSteps{kStep1, kStep2, kStep3, kStep4, kStep5};

Result<void> run_step(soci::session& sql, int number) {
  return sql_guard("change the database schema", [&sql, number]() -> Result<void> {
    soci::transaction transaction(sql);
    for (const char* statement : kSteps.at(static_cast<std::size_t>(number - 1))) sql << statement;
    sql << "INSERT INTO schema_version (version) VALUES (:v)", soci::use(number);
    transaction.commit();
    return {};
  });
}

}  // namespace

Result<void> migrate(soci::session& sql) {
  int version = 0;
  TOBARI_TRY(sql_guard("read the schema version", [&sql, &version]() -> Result<void> {
    sql << "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)";
    sql << "SELECT COALESCE(MAX(version), 0) FROM schema_version", soci::into(version);
    return {};
  }));
  const int newest = static_cast<int>(kSteps.size());
  if (version > newest) {
    return fail(
        Errc::kInvalidArgument,
        std::format("the database has schema {}, this program knows {}: run the newer tobari-broker", version, newest));
  }
  for (int number = version + 1; number <= newest; ++number) {
    TOBARI_TRY(run_step(sql, number));
    log::info("database schema changed", {{"version", std::to_string(number)}});
  }
  return {};
}

}  // namespace tobari::broker
