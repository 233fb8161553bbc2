// SPDX-License-Identifier: GPL-3.0-or-later
// One connection to the database, and what became of it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include <soci/soci.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "store/database.h"
#include "store/dialect.h"

namespace tobari::broker {

class Watchdog;

enum class Trouble : std::uint8_t {
  kNone,
  kAgain,  // the transaction lost against another (serialization failure, deadlock): run it again
  kLost,   // the connection: only a new one helps
};

class SqlSession {
 public:
  // kUnavailable when the database cannot be reached now; the message never holds a password. `watchdog`: looks after
  // the new line until this returns.
  [[nodiscard]] static Result<std::unique_ptr<SqlSession>> open(const Database& database, Purpose purpose,
                                                                Watchdog* watchdog = nullptr);

  [[nodiscard]] Result<void> begin_act();
  [[nodiscard]] Result<void> begin_read();
  [[nodiscard]] Result<void> commit();
  void rollback();

  [[nodiscard]] Engine engine() const noexcept { return engine_; }
  [[nodiscard]] const Dialect& words() const noexcept { return dialect(engine_, purpose_); }
  [[nodiscard]] soci::session& soci() noexcept { return soci_; }

  // The worst that sql_guard() has met since the last begin.
  void note(Trouble trouble) noexcept {
    if (trouble > trouble_) trouble_ = trouble;
  }
  [[nodiscard]] Trouble trouble() const noexcept { return trouble_; }

  // The line to the server, under a number that stays ours when libpq closes its own; none for SQLite.
  [[nodiscard]] const UniqueFd& line() const noexcept { return line_; }

 private:
  SqlSession(Engine engine, Purpose purpose) : engine_(engine), purpose_(purpose) {}
  Result<void> set_up(const Database& database, Watchdog* watchdog);
  Result<void> run(const char* doing_what, const char* statement);

  const Engine engine_;
  const Purpose purpose_;
  Trouble trouble_ = Trouble::kNone;
  soci::session soci_;
  UniqueFd line_;
};

}  // namespace tobari::broker
