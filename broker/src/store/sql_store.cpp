// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_store.h"

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <utility>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/base/unique_fd.h>

#include "store/migrations.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

class SqlStore::Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file) {
    return sql_guard(std::format("open {}", file.string()), [&file]() -> Result<std::unique_ptr<Connection>> {
      auto made = std::make_unique<Connection>();
      made->sql.open(soci::sqlite3, std::format("db=\"{}\" timeout=5", file.string()));
      made->sql << "PRAGMA journal_mode = WAL";
      made->sql << "PRAGMA synchronous = FULL";
      made->sql << "PRAGMA foreign_keys = ON";
      made->sql << "PRAGMA trusted_schema = OFF";
      return made;
    });
  }

  Result<void> begin() {
    return sql_guard("begin a transaction", [this]() -> Result<void> {
      sql.begin();
      return {};
    });
  }
  Result<void> commit() {
    return sql_guard("commit", [this]() -> Result<void> {
      sql.commit();
      return {};
    });
  }
  // After a full disk SQLite has often rolled back already, and then objects to being asked: not worth a word.
  void rollback() {
    static_cast<void>(sql_guard("roll back", [this]() -> Result<void> {
      sql.rollback();
      return {};
    }));
  }

  soci::session sql;
};

namespace {

// SQLite would make the file with the umask's mode.
Result<void> make_private_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return fail_errno(errno, std::format("open {}", file.string()));
  return {};
}

}  // namespace

SqlStore::SqlStore(const Clock& clock, std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader)
    : clock_(clock), writer_(std::move(writer)), reader_(std::move(reader)) {}

SqlStore::~SqlStore() = default;

Result<std::unique_ptr<SqlStore>> SqlStore::open(const std::filesystem::path& file, const Clock& clock) {
  TOBARI_TRY(make_private_file(file));
  TOBARI_ASSIGN(auto writer, Connection::open(file));
  TOBARI_TRY(migrate(writer->sql));
  TOBARI_ASSIGN(auto reader, Connection::open(file));
  return std::unique_ptr<SqlStore>(new SqlStore(clock, std::move(writer), std::move(reader)));
}

Result<void> SqlStore::act(const Act& act) {
  return transact([&act](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(AuditDraft draft, act(writer));
    return writer.add_record(std::move(draft));
  });
}

Result<void> SqlStore::transact(const std::function<Result<void>(Writer&)>& body) {
  const std::scoped_lock lock(write_mutex_);
  TOBARI_TRY(writer_->begin());
  SqlTables tables(writer_->sql, clock_.wall());
  auto done = [this, &body, &tables]() -> Result<void> {
    TOBARI_TRY(body(tables));
    return writer_->commit();
  }();
  if (!done.has_value()) {
    writer_->rollback();
    if (done.error().code == Errc::kIo) log::error("the state was not written", {{"why", describe(done.error())}});
  }
  return done;
}

Result<void> SqlStore::read(const Read& read) {
  const std::scoped_lock lock(read_mutex_);
  TOBARI_TRY(reader_->begin());
  const SqlTables tables(reader_->sql);
  auto done = read(tables);
  reader_->rollback();
  return done;
}

Result<void> SqlStore::execute(const std::string& statement) {
  const std::scoped_lock lock(write_mutex_);
  return sql_guard("execute", [this, &statement]() -> Result<void> {
    writer_->sql << statement;
    return {};
  });
}

}  // namespace tobari::broker
