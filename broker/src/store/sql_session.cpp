// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_session.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <format>
#include <optional>
#include <string>
#include <utility>

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include "store/sql_errors.h"
#include "store/watchdog.h"

namespace tobari::broker {
namespace {

constexpr int kOldestPostgres = 170000;

// SQLite would make the file with the umask's mode. One that is there is not opened: closing it again would take away
// the locks that other connections of this process hold on it (https://www.sqlite.org/howtocorrupt.html, section 2.2),
// and whoever opened and closed the database next would delete the journal that is being written to.
Result<void> make_private_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd && errno != EEXIST) return fail_errno(errno, std::format("open {}", file.string()));
  return {};
}

PGconn* line_of(soci::session& soci) {
  return static_cast<soci::postgresql_session_backend*>(soci.get_backend())->conn_;
}

soci::postgresql_statement_backend& postgres(soci::statement& statement) {
  return *static_cast<soci::postgresql_statement_backend*>(statement.get_backend());
}

using Rows = std::unique_ptr<PGresult, decltype(&::PQclear)>;

// The server gives each of its errors a state; without one it is the line that is lost.
soci::postgresql_soci_error as_of_soci(const PGresult* rows) {
  const char* const state = ::PQresultErrorField(rows, PG_DIAG_SQLSTATE);
  return {::PQresultErrorMessage(rows), state != nullptr ? state : "08000"};
}

ChainHead head_in(const PGresult* rows) {
  if (::PQntuples(rows) == 0) return {};
  return {std::strtoull(::PQgetvalue(rows, 0, 0), nullptr, 10), ::PQgetvalue(rows, 0, 1)};
}

// libpq's words, which hold no password: the last line, as there is one for each address that was tried.
std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  const auto at = text.rfind('\n');
  if (at != std::string::npos) text.erase(0, at + 1);
  return text.substr(text.find_first_not_of(" \t"));
}

}  // namespace

// Closing the line ends what it has prepared. SOCI would ask the server for each, and wait for one that hangs.
SqlSession::~SqlSession() {
  for (const auto& [text, statement] : prepared_) postgres(*statement).statementName_.clear();
}

Result<std::unique_ptr<SqlSession>> SqlSession::open(const Database& database, Purpose purpose, Watchdog* watchdog) {
  const bool sqlite = database.engine() == Engine::kSqlite;
  if (sqlite) TOBARI_TRY(make_private_file(database.file()));
  std::unique_ptr<SqlSession> made(new SqlSession(database.engine(), purpose));
  try {
    if (sqlite) {
      made->soci_.open(soci::sqlite3, database.address());
    } else {
      made->soci_.open(soci::postgresql, database.address());
    }
  } catch (const soci::soci_error& e) {
    return fail(
        sqlite ? Errc::kIo : Errc::kUnavailable,
        std::format("the database {} cannot be reached: {}", database.where(), last_line(e.get_error_message())));
  }
  TOBARI_TRY(made->set_up(database, watchdog));
  return made;
}

Result<void> SqlSession::set_up(const Database& database, Watchdog* watchdog) {
  std::optional<Watchdog::Watch> watch;
  if (engine_ == Engine::kPostgres) {
    const int version = ::PQserverVersion(line_of(soci_));
    if (version < kOldestPostgres) {
      return fail(Errc::kInvalidArgument,
                  std::format("{} is PostgreSQL {}: 17 or newer is needed", database.where(), version / 10000));
    }
    line_.reset(::fcntl(::PQsocket(line_of(soci_)), F_DUPFD_CLOEXEC, 0));
    if (!line_) return fail_errno(errno, "keep the line to the database");
    if (watchdog != nullptr) watch.emplace(*watchdog, line_.get());
  }
  for (const char* setting : words().on_open) {
    TOBARI_TRY(run(std::format("open {}", database.where()).c_str(), setting));
  }
  return {};
}

Result<void> SqlSession::run(const char* doing_what, const char* statement) {
  return sql_guard(*this, doing_what, [this, statement]() -> Result<void> {
    soci_ << statement;
    return {};
  });
}

SqlSession::Statement SqlSession::take(const std::string& text) {
  auto found = prepared_.extract(text);
  if (found.empty()) return {std::make_unique<soci::statement>(soci_), false};
  return {std::move(found.mapped()), true};
}

// Without the rows that it gave: they may be many.
void SqlSession::keep(std::string text, std::unique_ptr<soci::statement> prepared) noexcept {
  prepared->bind_clean_up();
  postgres(*prepared).result_.reset();
  // When two of one text were in use at once, the other one ends here, and the server is told so.
  prepared_.insert_or_assign(std::move(text), std::move(prepared));
}

Result<void> SqlSession::begin_act() {
  trouble_ = Trouble::kNone;
  head_.reset();
  if (!words().begins_with_head) return run("begin an act", words().begin_act);
  const Rows rows(::PQexec(line_of(soci_), words().begin_act), &::PQclear);
  if (::PQresultStatus(rows.get()) != PGRES_TUPLES_OK) {
    SqlFailure failure = sql_failure("begin an act", as_of_soci(rows.get()));
    note(failure.trouble);
    return std::unexpected<Error>(std::move(failure.error));
  }
  head_ = head_in(rows.get());
  return {};
}

Result<void> SqlSession::begin_read() {
  trouble_ = Trouble::kNone;
  return run("begin to read", words().begin_read);
}

Result<void> SqlSession::commit() { return run("commit", "COMMIT"); }

// After a full disk SQLite has often rolled back already, and then objects to being asked: not worth a word.
void SqlSession::rollback() {
  if (trouble_ != Trouble::kLost) static_cast<void>(run("roll back", "ROLLBACK"));
}

}  // namespace tobari::broker
