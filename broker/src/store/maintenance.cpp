// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/maintenance.h"

#include <format>

#include "store/archive.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "store/sql_session.h"

namespace tobari::broker {

Result<void> reach(const Database& database) {
  TOBARI_TRY(SqlSession::open(database, Purpose::kMaintain));
  return {};
}

Result<std::string> list_schemas(const Database& database) {
  TOBARI_TRY(database.expect_there());
  TOBARI_ASSIGN(const auto session, SqlSession::open(database, Purpose::kMaintain));
  TOBARI_ASSIGN(const int version, schema_version(*session));
  std::string text;
  int number = 0;
  for (const SchemaStep& step : schema_steps()) {
    ++number;
    text += std::format("{} {:3}  {}\n", number == version ? '*' : ' ', number, step.what);
  }
  if (version > number) text += std::format("* {:3}  of a newer tobari-broker\n", version);
  return text + std::format("{} has schema {}", database.where(), version);
}

Result<std::string> change_schema(const Database& database, std::optional<int> target) {
  TOBARI_TRY(database.expect_there());
  TOBARI_ASSIGN(const auto session, SqlSession::open(database, Purpose::kMaintain));
  TOBARI_ASSIGN(const int before, schema_version(*session));
  TOBARI_TRY(migrate(*session, target.value_or(newest_schema())));
  TOBARI_ASSIGN(const int now, schema_version(*session));
  if (before == now) return std::format("{} has schema {} already", database.where(), now);
  return std::format("{} had schema {} and has {} now", database.where(), before, now);
}

Result<std::string> back_up_to(const Database& database, const std::filesystem::path& file) {
  TOBARI_ASSIGN(const Archived made, back_up(database, file));
  return std::format("{}: schema {}, {} rows, {} audit records, the last {}", file.string(), made.schema, made.rows,
                     made.audit.sequence, made.audit.hash);
}

Result<std::string> restore_from(const std::filesystem::path& file, const Database& database, const Clock& clock) {
  TOBARI_ASSIGN(const Archived made, restore(file, database, clock));
  return std::format("{} has the {} rows of {}, with {} audit records, the last {}", database.where(), made.rows,
                     file.string(), made.audit.sequence, made.audit.hash);
}

}  // namespace tobari::broker
