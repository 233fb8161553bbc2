// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/archive.h"

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <string>
#include <unistd.h>
#include <utility>

#include <system_error>

#include <tobari/base/unique_fd.h>

#include "store/migrations.h"
#include "store/sql_errors.h"
#include "store/sql_store.h"
#include "store/sql_tables.h"
#include "store/table_copy.h"

namespace tobari::broker {
namespace {

namespace fs = std::filesystem;

// Taken away again unless it was kept.
class Partial {
 public:
  explicit Partial(fs::path file) : file_(std::move(file)) {}
  ~Partial() {
    std::error_code ignored;
    for (const char* each : {"", "-wal", "-shm", "-journal"}) fs::remove(file_.string() + each, ignored);
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  [[nodiscard]] const fs::path& path() const noexcept { return file_; }

  // On disk, and then under its name.
  Result<void> keep_as(const fs::path& name) {
    const UniqueFd file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) return fail_errno(errno, std::format("sync {}", file_.string()));
    // Not rename(): what came there meanwhile stays.
    if (::link(file_.c_str(), name.c_str()) != 0) return fail_errno(errno, std::format("make {}", name.string()));
    const fs::path folder = name.has_parent_path() ? name.parent_path() : fs::path(".");
    const UniqueFd entry(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!entry || ::fsync(entry.get()) != 0) return fail_errno(errno, std::format("sync {}", folder.string()));
    return {};
  }

 private:
  const fs::path file_;
};

Result<std::string> one_text(SqlSession& sql, const char* question) {
  return sql_guard(sql, "check a backup", [&]() -> Result<std::string> {
    std::string text;
    sql.soci() << question, soci::into(text);
    return text;
  });
}

Result<long long> one_number(SqlSession& sql, const char* question) {
  return sql_guard(sql, "check a backup", [&]() -> Result<long long> {
    long long number = 0;
    sql.soci() << question, soci::into(number);
    return number;
  });
}

Result<ChainHead> verified_audit(SqlSession& sql) {
  const SqlTables tables(sql);
  ChainHead head;
  for (;;) {
    TOBARI_ASSIGN(const auto page, tables.audit_after(head.sequence, kMaxAuditPage));
    if (page.empty()) return head;
    TOBARI_TRY(verify_chain(page, head));
  }
}

Result<std::uint64_t> copy_all(SqlSession& sqlite, SqlSession& from, SqlSession& to) {
  TOBARI_ASSIGN(const auto tables, tables_of(sqlite));
  std::uint64_t rows = 0;
  for (const Table& table : tables) {
    TOBARI_ASSIGN(const std::uint64_t copied, copy_table(table, from, to));
    rows += copied;
  }
  return rows;
}

// Between transactions that this begins and ends. `to` has the schema of `from` and no rows.
Result<Archived> copy(SqlSession& from, SqlSession& to) {
  TOBARI_TRY(from.begin_read());
  TOBARI_TRY(to.begin_act());
  auto done = [&]() -> Result<Archived> {
    Archived made;
    TOBARI_ASSIGN(made.rows, copy_all(from.engine() == Engine::kSqlite ? from : to, from, to));
    TOBARI_ASSIGN(made.schema, schema_version(to));
    auto audit = verified_audit(to);
    if (!audit.has_value()) return context(std::move(audit).error(), "the audit does not hold");
    made.audit = *audit;
    return made;
  }();
  from.rollback();
  if (!done.has_value()) {
    to.rollback();
    return done;
  }
  TOBARI_TRY(to.commit());
  return done;
}

// What was altered is not let in, and what a disk has eaten neither.
Result<void> check_archive(SqlSession& archive) {
  const auto broken = [](std::string_view why) {
    return fail(Errc::kInvalidArgument, std::format("the backup is damaged: {}", why));
  };
  const auto whole = one_text(archive, "PRAGMA integrity_check(1)");
  if (!whole.has_value() || *whole != "ok") return broken("it is no whole database of SQLite");
  TOBARI_ASSIGN(const auto tables, one_number(archive,
                                              "SELECT COUNT(*) FROM sqlite_master WHERE name IN "
                                              "('schema_version', 'users', 'audit') AND type = 'table'"));
  if (tables != 3) return fail(Errc::kInvalidArgument, "the file is no backup of tobari-broker");
  TOBARI_ASSIGN(const auto dangling, one_number(archive, "SELECT COUNT(*) FROM pragma_foreign_key_check"));
  if (dangling != 0) return broken(std::format("{} of its rows refer to what is not there", dangling));
  const auto audit = verified_audit(archive);
  if (!audit.has_value()) return broken(audit.error().message);
  return {};
}

Result<void> expect_empty(SqlSession& sql, const Database& database) {
  TOBARI_ASSIGN(const int schema, schema_version(sql));
  if (schema == 0) return {};
  TOBARI_ASSIGN(const auto used, one_number(sql, "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM audit)"));
  if (used == 0) return {};
  return fail(
      Errc::kAlreadyExists,
      std::format("{} is not empty, and a restore overwrites nothing: give it an empty database", database.where()));
}

Result<Archived> restore_into(const fs::path& file, const Database& to) {
  auto opened = SqlSession::open(Database::sqlite(file), Purpose::kArchive);
  if (!opened.has_value()) return context(std::move(opened).error(), "the backup cannot be read");
  const auto archive = std::move(*opened);
  TOBARI_TRY(check_archive(*archive));
  TOBARI_ASSIGN(const int schema, schema_version(*archive));
  if (schema > newest_schema()) {
    return fail(
        Errc::kInvalidArgument,
        std::format("the backup has schema {}, this program knows {}: use the newer one", schema, newest_schema()));
  }
  TOBARI_ASSIGN(const auto target, SqlSession::open(to, Purpose::kMaintain));
  TOBARI_TRY(expect_empty(*target, to));
  TOBARI_TRY(migrate(*target, schema));
  TOBARI_ASSIGN(Archived made, copy(*archive, *target));
  TOBARI_TRY(migrate(*target));
  return made;
}

Result<void> record_restore(const Database& to, const Archived& made, const Clock& clock) {
  TOBARI_ASSIGN(const auto store, SqlStore::open(to, clock));
  return store->record({.actor = "broker",
                        .action = "database.restore",
                        .object = made.audit.hash,
                        .client_address = "",
                        .outcome = Outcome::kDone,
                        .rule = "",
                        .detail = std::format("from a backup with {} records", made.audit.sequence)});
}

}  // namespace

Result<Archived> back_up(const Database& from, const fs::path& file) {
  TOBARI_TRY(from.expect_there());
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(file, ignored))) {
    return fail(Errc::kAlreadyExists, std::format("{} exists already", file.string()));
  }
  TOBARI_ASSIGN(const auto source, SqlSession::open(from, Purpose::kMaintain));
  TOBARI_ASSIGN(const int schema, schema_version(*source));
  if (schema == 0) return fail(Errc::kNotFound, std::format("{} is empty", from.where()));
  if (schema > newest_schema()) {
    return fail(
        Errc::kInvalidArgument,
        std::format("the database has schema {}, this program knows {}: use the newer one", schema, newest_schema()));
  }
  Partial partial(file.string() + ".partial");
  Archived made;
  {
    TOBARI_ASSIGN(const auto archive, SqlSession::open(Database::sqlite(partial.path()), Purpose::kArchive));
    TOBARI_TRY(migrate(*archive, schema));
    TOBARI_ASSIGN(made, copy(*source, *archive));
  }
  TOBARI_TRY(partial.keep_as(file));
  return made;
}

Result<Archived> restore(const fs::path& file, const Database& to, const Clock& clock) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return fail(Errc::kNotFound, std::format("{} is no file", file.string()));
  if (to.engine() != Engine::kSqlite) {
    TOBARI_ASSIGN(Archived made, restore_into(file, to));
    TOBARI_TRY(record_restore(to, made, clock));
    return made;
  }
  // Beside, and then under its name: nobody ever sees half of it.
  if (fs::exists(fs::symlink_status(to.file(), error))) {
    return fail(Errc::kAlreadyExists,
                std::format("{} exists already, and a restore overwrites nothing: move it away", to.file().string()));
  }
  Partial partial(to.file().string() + ".partial");
  const Database beside = Database::sqlite(partial.path());
  TOBARI_ASSIGN(Archived made, restore_into(file, beside));
  TOBARI_TRY(record_restore(beside, made, clock));
  TOBARI_TRY(partial.keep_as(to.file()));
  return made;
}

}  // namespace tobari::broker
