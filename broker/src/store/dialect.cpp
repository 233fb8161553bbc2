// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/dialect.h"

#include <array>

namespace tobari::broker {
namespace {

constexpr std::array kSqliteOnOpen{"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
                                   "PRAGMA trusted_schema = OFF"};

constexpr std::array kSqliteOnOpenArchive{"PRAGMA journal_mode = DELETE", "PRAGMA synchronous = FULL",
                                          "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF"};

// IMMEDIATE: a transaction that reads first and writes later fails at once when another program wrote in between.
constexpr Dialect sqlite(std::span<const char* const> on_open) {
  return {.on_open = on_open,
          .begin_act = "BEGIN IMMEDIATE",
          .begins_with_head = false,
          .begin_read = "BEGIN",
          .has_schema = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
          .lock_schema = "SELECT 1",
          .keep_brokers_out = "SELECT 1",
          .unlock_schema = "SELECT 1"};
}
constexpr Dialect kSqlite = sqlite(kSqliteOnOpen);
constexpr Dialect kSqliteArchive = sqlite(kSqliteOnOpenArchive);

// Two advisory locks, by numbers that mean nothing. Whoever changes the schema has the first; every connection that
// serves shares the second, so that who changes the schema can see that there is one and keep new ones out.
#define TOBARI_SCHEMA_LOCK "8385544601961029"
#define TOBARI_SERVING_LOCK "8385544601961030"

// The server looks after what its client cannot: one that was stopped or cut off in the middle of an act gives the
// lock free after idle_in_transaction_session_timeout, one that is gone is noticed by TCP.
constexpr std::array kPostgresServes{
    "SET client_min_messages = error; SET synchronous_commit = on; SET jit = off; "
    "SET lock_timeout = '3s'; SET statement_timeout = '4s'; SET transaction_timeout = '5s'; "
    "SET idle_in_transaction_session_timeout = '3s'; "
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
    "SELECT pg_advisory_lock_shared(" TOBARI_SERVING_LOCK ")"};
constexpr std::array kPostgresMaintains{
    "SET client_min_messages = error; SET synchronous_commit = on; SET lock_timeout = '10s'; "
    "SET statement_timeout = 0; SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0"};

// The lock comes before the snapshot: LOCK TABLE takes none, and the first statement behind it sees everything that was
// committed under the lock before. A table of its own, because vacuum takes locks on those that hold something.
//
// Nearly every act needs the newest audit record next. Asking for it in the same message saves a way to the server and
// back, for which all others wait.
#define TOBARI_BEGIN_ACT "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; LOCK TABLE act_order IN ACCESS EXCLUSIVE MODE"
constexpr Dialect postgres(std::span<const char* const> on_open, bool serves) {
  return {.on_open = on_open,
          .begin_act = serves ? TOBARI_BEGIN_ACT "; SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1"
                              : TOBARI_BEGIN_ACT,
          .begins_with_head = serves,
          .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
          .has_schema =
              "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'schema_version' AND schemaname = ANY "
              "(current_schemas(false))",
          .lock_schema = "SELECT pg_advisory_lock(" TOBARI_SCHEMA_LOCK ")",
          // A moment of waiting: the server may not have noticed yet that the last one has gone.
          .keep_brokers_out =
              "SET lock_timeout = '2s'; SELECT pg_advisory_lock(" TOBARI_SERVING_LOCK "); SET lock_timeout = '10s'",
          .unlock_schema = "SELECT pg_advisory_unlock_all()"};
}
constexpr Dialect kServing = postgres(kPostgresServes, true);
constexpr Dialect kMaintaining = postgres(kPostgresMaintains, false);

#undef TOBARI_BEGIN_ACT
#undef TOBARI_SCHEMA_LOCK
#undef TOBARI_SERVING_LOCK

}  // namespace

const Dialect& dialect(Engine engine, Purpose purpose) {
  if (engine == Engine::kSqlite) return purpose == Purpose::kArchive ? kSqliteArchive : kSqlite;
  return purpose == Purpose::kServe ? kServing : kMaintaining;
}

// PostgreSQL would order, compare and index texts by the database's language; SQLite does it by bytes.
std::string in_dialect(Engine engine, std::string_view statement) {
  std::string text(statement);
  if (engine == Engine::kSqlite) return text;
  constexpr std::string_view kType = " TEXT ";
  constexpr std::string_view kTyped = " TEXT COLLATE \"C\" ";
  for (auto at = text.find(kType); at != std::string::npos; at = text.find(kType, at + kTyped.size())) {
    text.replace(at, kType.size(), kTyped);
  }
  return text;
}

}  // namespace tobari::broker
