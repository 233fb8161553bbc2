// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/migrations.h"

#include <format>
#include <string>

#include <tobari/base/log.h>

#include "store/schema.h"
#include "store/sql_errors.h"

namespace tobari::broker {
namespace {

std::unexpected<Error> too_new(int version) {
  return fail(Errc::kInvalidArgument,
              std::format("the database has schema {}, this program knows {}: run the newer tobari-broker", version,
                          newest_schema()));
}

Result<void> run_step(SqlSession& sql, int number, bool back) {
  const SchemaStep& step = schema_steps()[static_cast<std::size_t>(number - 1)];
  return sql_guard(sql, "change the database schema", [&]() -> Result<void> {
    soci::transaction transaction(sql.soci());
    for (const Statement& statement : back ? step.back : step.forward) {
      if (statement.only.value_or(sql.engine()) != sql.engine()) continue;
      sql.soci() << in_dialect(sql.engine(), statement.text);
    }
    if (back) {
      sql.soci() << "DELETE FROM schema_version WHERE version = :v", soci::use(number);
    } else {
      sql.soci() << "INSERT INTO schema_version (version) VALUES (:v)", soci::use(number);
    }
    transaction.commit();
    return {};
  });
}

Result<void> nobody_serves(SqlSession& sql) {
  auto out = sql_guard(sql, "keep brokers out", [&sql]() -> Result<void> {
    sql.soci() << sql.words().keep_brokers_out;
    return {};
  });
  if (out.has_value() || out.error().code != Errc::kUnavailable || sql.trouble() == Trouble::kLost) return out;
  return fail(Errc::kUnavailable, "the schema must change, and brokers serve from this database: stop them first");
}

Result<void> run_steps(SqlSession& sql, int target) {
  TOBARI_ASSIGN(int version, schema_version(sql));
  if (version > newest_schema()) return too_new(version);
  if (version == target) return {};
  TOBARI_TRY(nobody_serves(sql));
  TOBARI_TRY(sql_guard(sql, "make the table of versions", [&sql]() -> Result<void> {
    sql.soci() << "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)";
    return {};
  }));
  for (; version < target; ++version) {
    TOBARI_TRY(run_step(sql, version + 1, false));
    log::info("database schema changed", {{"version", std::to_string(version + 1)}});
  }
  for (; version > target; --version) {
    auto done = run_step(sql, version, true);
    if (!done.has_value() && done.error().code == Errc::kAlreadyExists) {
      return context(std::move(done).error(), std::format("schema {} cannot hold what is stored", version - 1));
    }
    TOBARI_TRY(std::move(done));
    log::info("database schema changed", {{"version", std::to_string(version - 1)}});
  }
  return {};
}

}  // namespace

int newest_schema() { return static_cast<int>(schema_steps().size()); }

Result<int> schema_version(SqlSession& sql) {
  return sql_guard(sql, "read the schema version", [&sql]() -> Result<int> {
    int there = 0;
    int version = 0;
    sql.soci() << sql.words().has_schema, soci::into(there);
    if (there != 0) sql.soci() << "SELECT COALESCE(MAX(version), 0) FROM schema_version", soci::into(version);
    return version;
  });
}

Result<void> migrate(SqlSession& sql, int target) {
  if (target < 1 || target > newest_schema()) {
    return fail(Errc::kInvalidArgument, std::format("there are the schemas 1 to {}", newest_schema()));
  }
  const auto alone = [&sql](const char* statement) {
    return sql_guard(sql, "wait for another program that changes the schema", [&]() -> Result<void> {
      sql.soci() << statement;
      return {};
    });
  };
  TOBARI_TRY(alone(sql.words().lock_schema));
  auto done = run_steps(sql, target);
  TOBARI_TRY(alone(sql.words().unlock_schema));
  return done;
}

Result<void> check_schema(SqlSession& sql) {
  TOBARI_ASSIGN(const int version, sql_guard(sql, "read the schema version", [&sql]() -> Result<int> {
                  int found = 0;
                  sql.soci() << "SELECT MAX(version) FROM schema_version", soci::into(found);
                  return found;
                }));
  if (version > newest_schema()) return too_new(version);
  if (version == newest_schema()) return {};
  return fail(Errc::kInvalidArgument,
              std::format("the database has schema {} by now, this program needs {}: run tobari-broker migrate",
                          version, newest_schema()));
}

}  // namespace tobari::broker
