// SPDX-License-Identifier: GPL-3.0-or-later
// One connection to the database, and what became of it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <soci/soci.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "core/audit_chain.h"
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

  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  [[nodiscard]] Result<void> begin_act();
  [[nodiscard]] Result<void> begin_read();
  [[nodiscard]] Result<void> commit();
  void rollback();
  // The audit's newest record when the act began, where that is told with the beginning.
  [[nodiscard]] const std::optional<ChainHead>& head() const noexcept { return head_; }

  [[nodiscard]] Engine engine() const noexcept { return engine_; }
  [[nodiscard]] const Dialect& words() const noexcept { return dialect(engine_, purpose_); }
  [[nodiscard]] soci::session& soci() noexcept { return soci_; }

  // What a serving line to PostgreSQL has prepared is used again: parsing and planning cost the server more than most
  // of these statements do. At most kMaxPrepared on a line; the others, and SQLite's, are made anew each time.
  static constexpr std::size_t kMaxPrepared = 256;
  struct Statement {
    std::unique_ptr<soci::statement> soci;  // nothing is bound to it
    bool prepared = false;
  };
  [[nodiscard]] bool prepares() const noexcept {
    return engine_ == Engine::kPostgres && purpose_ == Purpose::kServe && prepared_.size() < kMaxPrepared;
  }
  // One that was prepared is taken out until keep(), so that nobody else uses it meanwhile.
  [[nodiscard]] Statement take(const std::string& text);
  void keep(std::string text, std::unique_ptr<soci::statement> prepared) noexcept;

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
  std::optional<ChainHead> head_;
  soci::session soci_;
  std::unordered_map<std::string, std::unique_ptr<soci::statement>> prepared_;
  UniqueFd line_;
};

}  // namespace tobari::broker
