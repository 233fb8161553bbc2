// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/schema.h"

#include <array>

namespace tobari::broker {
namespace {

// Times are milliseconds since 1970. Hashes are hexadecimal text. Ids are UUID text.
constexpr std::array kStep1{
    Statement{"CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, "
              "password_hash TEXT NOT NULL)"},

    Statement{"CREATE TABLE tokens (sha256 TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id) ON DELETE "
              "CASCADE, expires_at BIGINT NOT NULL)"},
    Statement{"CREATE INDEX tokens_by_user ON tokens(user_id)"},

    Statement{"CREATE TABLE nodes (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, joined_at BIGINT NOT "
              "NULL, UNIQUE (role, name))"},
    Statement{"CREATE TABLE join_tokens (sha256 TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL, "
              "expires_at BIGINT NOT NULL)"},

    Statement{"CREATE TABLE desktops (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "user_id TEXT NOT NULL UNIQUE REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
              "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
              "epoch BIGINT NOT NULL)"},
    Statement{"CREATE INDEX desktops_by_host ON desktops(host_id)"},

    // Sessions outlive the user and the desktop: they are what happened. Hence no foreign keys.
    Statement{"CREATE TABLE sessions (id TEXT PRIMARY KEY, desktop_id TEXT NOT NULL, user_id TEXT NOT NULL, "
              "user_name TEXT NOT NULL, host_id TEXT NOT NULL, state TEXT NOT NULL, client_address TEXT NOT NULL, "
              "client_name TEXT NOT NULL, detail TEXT NOT NULL, created_at BIGINT NOT NULL, offer_expires_at BIGINT "
              "NOT NULL, routing_sha256 TEXT NOT NULL UNIQUE, routed INTEGER NOT NULL)"},
    Statement{"CREATE INDEX sessions_by_time ON sessions(created_at)"},
    Statement{"CREATE INDEX sessions_by_user ON sessions(user_id, created_at)"},
    Statement{"CREATE TABLE session_events (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, stored_at BIGINT NOT NULL)"},

    Statement{"CREATE TABLE replies (user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE, reply_key TEXT NOT "
              "NULL, request_sha256 TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT "
              "NULL, PRIMARY KEY (user_id, reply_key))"},

    Statement{"CREATE TABLE audit (sequence BIGINT PRIMARY KEY, time BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT "
              "NOT NULL, object TEXT NOT NULL, client_address TEXT NOT NULL, outcome TEXT NOT NULL, rule TEXT NOT "
              "NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE)"},
    Statement{"CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit "
              "BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END",
              Engine::kSqlite},
    Statement{"CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit "
              "BEGIN SELECT RAISE(ABORT, 'audit records are never removed'); END",
              Engine::kSqlite},
    Statement{"CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
              "'audit records are never changed or removed' USING ERRCODE = 'integrity_constraint_violation'; END $$",
              Engine::kPostgres},
    Statement{"CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE OR DELETE ON audit FOR EACH ROW "
              "EXECUTE FUNCTION audit_is_append_only()",
              Engine::kPostgres},
    Statement{"CREATE TRIGGER audit_is_append_only_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT "
              "EXECUTE FUNCTION audit_is_append_only()",
              Engine::kPostgres},
    // Also in a session that plays the replica, where other triggers are silent.
    Statement{"ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_append_only_update", Engine::kPostgres},
    Statement{"ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_append_only_truncate", Engine::kPostgres},
    // Holds nothing: acts lock it (dialect.cpp).
    Statement{"CREATE TABLE act_order (nothing INTEGER)", Engine::kPostgres},
};

// A user may have several desktops (D21). SQLite cannot drop a constraint, so the table is made anew; nothing refers to
// it.
constexpr std::array kStep2{
    Statement{"CREATE TABLE desktops_of_users (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "user_id TEXT NOT NULL REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
              "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
              "epoch BIGINT NOT NULL)"},
    Statement{"INSERT INTO desktops_of_users (id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch) "
              "SELECT id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch FROM desktops"},
    Statement{"DROP TABLE desktops"},
    Statement{"ALTER TABLE desktops_of_users RENAME TO desktops"},
    Statement{"CREATE INDEX desktops_by_host ON desktops(host_id)"},
    Statement{"CREATE INDEX desktops_by_user ON desktops(user_id)"},

    // Ids with a blank between them: they are read with their session and never looked for.
    Statement{"ALTER TABLE sessions ADD COLUMN further_desktops TEXT NOT NULL DEFAULT ''"},
};
constexpr std::array kBack2{
    Statement{"ALTER TABLE sessions DROP COLUMN further_desktops"},
    Statement{"CREATE TABLE desktop_of_user (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "user_id TEXT NOT NULL UNIQUE REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
              "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
              "epoch BIGINT NOT NULL)"},
    Statement{"INSERT INTO desktop_of_user (id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch) "
              "SELECT id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch FROM desktops"},
    Statement{"DROP TABLE desktops"},
    Statement{"ALTER TABLE desktop_of_user RENAME TO desktops"},
    Statement{"CREATE INDEX desktops_by_host ON desktops(host_id)"},
};

// What live sessions may do, and what users have moved today (D30, D31).
constexpr std::array kStep3{
    Statement{"ALTER TABLE sessions ADD COLUMN access TEXT NOT NULL DEFAULT ''"},
    Statement{"CREATE INDEX sessions_by_state ON sessions(state)"},
    Statement{"CREATE TABLE moved (user_id TEXT NOT NULL, channel TEXT NOT NULL, day BIGINT NOT NULL, bytes BIGINT NOT "
              "NULL, PRIMARY KEY (user_id, channel, day))"},
    Statement{"CREATE INDEX moved_by_day ON moved(day)"},
};
constexpr std::array kBack3{
    Statement{"DROP TABLE moved"},
    Statement{"DROP INDEX sessions_by_state"},
    Statement{"ALTER TABLE sessions DROP COLUMN access"},
};

// Changes of the policy that two people make.
constexpr std::array kStep4{
    Statement{"CREATE TABLE policy_proposals (sha256 TEXT PRIMARY KEY, by_id TEXT NOT NULL, by_name TEXT NOT NULL, "
              "at BIGINT NOT NULL)"},
    Statement{"CREATE TABLE approved_policy (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), sha256 TEXT NOT NULL)"},
};
constexpr std::array kBack4{
    Statement{"DROP TABLE approved_policy"},
    Statement{"DROP TABLE policy_proposals"},
};

// Pools, spares without a user, and what the control plane keeps of hosts. The revisions begin beyond what brokers
// counted before (kFirstRevision).
constexpr std::array kStep5{
    Statement{"CREATE TABLE pools (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, image TEXT NOT "
              "NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, heads INTEGER NOT NULL, labels TEXT NOT "
              "NULL, min_desktops INTEGER NOT NULL, max_desktops INTEGER NOT NULL, spares INTEGER NOT NULL, "
              "keep_seconds BIGINT NOT NULL, is_open INTEGER NOT NULL, closing INTEGER NOT NULL)"},

    Statement{"CREATE TABLE hosts (id TEXT PRIMARY KEY REFERENCES nodes(id) ON DELETE CASCADE, mode TEXT NOT NULL, "
              "lost INTEGER NOT NULL, lease BIGINT NOT NULL, revision BIGINT NOT NULL, promised_mib BIGINT NOT NULL, "
              "desktops INTEGER NOT NULL)"},
    Statement{"INSERT INTO hosts (id, mode, lost, lease, revision, promised_mib, desktops) "
              "SELECT n.id, 'ready', 0, 0, 2000000000000, "
              "COALESCE((SELECT SUM(d.memory_mib) FROM desktops d WHERE d.host_id = n.id), 0), "
              "(SELECT COUNT(*) FROM desktops d WHERE d.host_id = n.id) FROM nodes n WHERE n.role = 'host'"},

    Statement{"CREATE TABLE desktops_in_pools (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "user_id TEXT REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
              "pool_id TEXT REFERENCES pools(id), image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT "
              "NULL, heads INTEGER NOT NULL, power TEXT NOT NULL, epoch BIGINT NOT NULL, revision BIGINT NOT NULL, "
              "UNIQUE (pool_id, user_id))"},
    Statement{"INSERT INTO desktops_in_pools (id, name, user_id, host_id, pool_id, image, vcpus, memory_mib, heads, "
              "power, epoch, revision) "
              "SELECT id, name, user_id, host_id, NULL, image, vcpus, memory_mib, 4, power, epoch, 0 FROM desktops"},
    Statement{"DROP TABLE desktops"},
    Statement{"ALTER TABLE desktops_in_pools RENAME TO desktops"},
    Statement{"CREATE INDEX desktops_by_host ON desktops(host_id)"},
    Statement{"CREATE INDEX desktops_by_user ON desktops(user_id)"},
    Statement{"CREATE INDEX desktops_by_pool ON desktops(pool_id, name)"},  // in pages

    // ---- plans of pools, desktops at rest, endings, users' disks
    Statement{"ALTER TABLE pools ADD COLUMN plan TEXT NOT NULL DEFAULT ''"},
    Statement{"ALTER TABLE desktops ADD COLUMN rest TEXT NOT NULL DEFAULT 'stopped'"},
    Statement{"ALTER TABLE desktops ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0"},
    Statement{"ALTER TABLE desktops ADD COLUMN end_at BIGINT NOT NULL DEFAULT 0"},
    Statement{"ALTER TABLE desktops ADD COLUMN end_how TEXT NOT NULL DEFAULT ''"},
    Statement{"ALTER TABLE desktops ADD COLUMN end_text TEXT NOT NULL DEFAULT ''"},
    Statement{"CREATE INDEX desktops_by_end ON desktops(end_at)"},
    // The holder is no foreign key: a disk may be another's as soon as nothing of the desktop is left.
    Statement{"CREATE TABLE user_disks (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), name TEXT NOT "
              "NULL, kind TEXT NOT NULL, size_gib INTEGER NOT NULL, storage TEXT NOT NULL, host_id TEXT REFERENCES "
              "nodes(id), holder TEXT NOT NULL, epoch BIGINT NOT NULL, made INTEGER NOT NULL, removing INTEGER NOT "
              "NULL, UNIQUE (user_id, name))"},
    Statement{"CREATE INDEX user_disks_by_host ON user_disks(host_id)"},

    // Desktops that are containers.
    Statement{"ALTER TABLE pools ADD COLUMN machine TEXT NOT NULL DEFAULT 'vm'"},
    Statement{"ALTER TABLE desktops ADD COLUMN machine TEXT NOT NULL DEFAULT 'vm'"},

    // ---- images. Which version of an image is published is said once, by the image; 0: none.
    Statement{"CREATE TABLE images (name TEXT PRIMARY KEY, notes TEXT NOT NULL, published BIGINT NOT NULL, "
              "newest BIGINT NOT NULL)"},
    Statement{"CREATE TABLE image_versions (image TEXT NOT NULL REFERENCES images(name), version BIGINT NOT NULL, "
              "state TEXT NOT NULL, digest TEXT NOT NULL, signature TEXT NOT NULL, signed_by TEXT NOT NULL, "
              "source TEXT NOT NULL, facts TEXT NOT NULL, notes TEXT NOT NULL, host_id TEXT NOT NULL, "
              "host_name TEXT NOT NULL, made_by TEXT NOT NULL, made_at BIGINT NOT NULL, published_at BIGINT NOT NULL, "
              "detail TEXT NOT NULL, verify BIGINT NOT NULL, PRIMARY KEY (image, version))"},
    Statement{"ALTER TABLE desktops ADD COLUMN disk BIGINT NOT NULL DEFAULT 0"},
    Statement{"CREATE INDEX desktops_by_image ON desktops(image)"},
    Statement{"ALTER TABLE pools ADD COLUMN renewal TEXT NOT NULL DEFAULT 'keep'"},

    Statement{"CREATE INDEX sessions_by_host ON sessions(host_id, state)"},  // of one that attaches
    Statement{"CREATE INDEX sessions_by_state_of_user ON sessions(user_id, state)"},
    // PoolFill, kept by whoever changes a desktop.
    Statement{"ALTER TABLE pools ADD COLUMN desktops BIGINT NOT NULL DEFAULT 0"},
    Statement{"ALTER TABLE pools ADD COLUMN assigned BIGINT NOT NULL DEFAULT 0"},
    Statement{"ALTER TABLE pools ADD COLUMN leaving BIGINT NOT NULL DEFAULT 0"},
};
// Whoever has pools, or desktops without a user, or such that are containers, cannot go back.
constexpr std::array kBack5{
    Statement{"DROP INDEX sessions_by_host"},
    Statement{"DROP INDEX sessions_by_state_of_user"},
    // ---- users' disks
    Statement{"CREATE TABLE no_user_disks (disks BIGINT CHECK (disks = 0))"},
    Statement{"INSERT INTO no_user_disks SELECT COUNT(*) FROM user_disks"},
    Statement{"DROP TABLE no_user_disks"},
    Statement{"DROP TABLE user_disks"},
    Statement{"CREATE TABLE no_containers (containers BIGINT CHECK (containers = 0))"},
    Statement{"INSERT INTO no_containers SELECT COUNT(*) FROM desktops WHERE machine <> 'vm'"},
    Statement{"DROP TABLE no_containers"},

    Statement{"CREATE TABLE no_pools (pools BIGINT CHECK (pools = 0))"},
    Statement{"INSERT INTO no_pools SELECT COUNT(*) FROM pools"},
    Statement{"DROP TABLE no_pools"},

    // ---- images: nor whoever has some, or a desktop that was made anew.
    Statement{"CREATE TABLE no_images (images BIGINT CHECK (images = 0))"},
    Statement{"INSERT INTO no_images SELECT (SELECT COUNT(*) FROM images) + (SELECT COUNT(*) FROM desktops WHERE disk "
              "<> 0)"},
    Statement{"DROP TABLE no_images"},
    Statement{"DROP TABLE image_versions"},
    Statement{"DROP TABLE images"},

    Statement{"CREATE TABLE desktops_without_pools (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
              "user_id TEXT NOT NULL REFERENCES users(id), host_id TEXT NOT NULL REFERENCES nodes(id), "
              "image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, power TEXT NOT NULL, "
              "epoch BIGINT NOT NULL)"},
    Statement{"INSERT INTO desktops_without_pools (id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch) "
              "SELECT id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch FROM desktops"},
    Statement{"DROP TABLE desktops"},
    Statement{"ALTER TABLE desktops_without_pools RENAME TO desktops"},
    Statement{"CREATE INDEX desktops_by_host ON desktops(host_id)"},
    Statement{"CREATE INDEX desktops_by_user ON desktops(user_id)"},
    Statement{"DROP TABLE hosts"},
    Statement{"DROP TABLE pools"},
};

constexpr std::array kSteps{
    SchemaStep{"users, desktops, hosts, sessions, the audit", kStep1, {}},
    SchemaStep{"several desktops a user, walls", kStep2, kBack2},
    SchemaStep{"what live sessions may do, what users have moved", kStep3, kBack3},
    SchemaStep{"policy changes by two people", kStep4, kBack4},
    SchemaStep{"pools, images, containers, users' disks, plans, what hosts have promised", kStep5, kBack5},
};

}  // namespace

std::span<const SchemaStep> schema_steps() { return kSteps; }

}  // namespace tobari::broker
