// SPDX-License-Identifier: GPL-3.0-or-later
// StateStore in SQL, over SOCI: the same statements on SQLite and on PostgreSQL (store/dialect.h has what differs).
//
// Acts come one after the other, those of all brokers on one PostgreSQL: each carries the hash of the audit record
// before. Reads run beside them on snapshots. A committed act survives the loss of power: synchronous=FULL in SQLite,
// synchronous_commit=on in PostgreSQL.
#pragma once

#include <chrono>
#include <memory>

#include <tobari/base/clock.h>

#include "core/audit_chain.h"
#include "store/database.h"
#include "store/state_store.h"

namespace tobari::broker {

class ConnectionLease;
class Connections;
class Watchdog;

class SqlStore final : public StateStore {
 public:
  // An act that lost against another program's (serialization failure, deadlock) is run again so often at most, within
  // a third of a second.
  static constexpr int kMaxRuns = 7;
  // The longest that a transaction may take before its line to the server is cut. The server's own limits are shorter.
  static constexpr std::chrono::milliseconds kPatience{5500};
  // How long an act asks what became of it when the line broke during its commit.
  static constexpr std::chrono::milliseconds kSettling{5000};

  // Opens it, makes a file that is not there (mode 0600), and brings an older schema up to date. kInvalidArgument when
  // a newer Tobari wrote it; kUnavailable when it is away, or when it is older and brokers serve from it.
  [[nodiscard]] static Result<std::unique_ptr<SqlStore>> open(const Database& database, const Clock& clock,
                                                              std::chrono::milliseconds patience = kPatience);

  ~SqlStore() override;
  Result<void> act(const Act& act) override;
  Result<void> read(const Read& read) override;
  Result<void> transact(const std::function<Result<void>(Writer&)>& body) override;

  // For tests: a statement as it is, on the writing connection.
  Result<void> execute(const std::string& statement);

 private:
  SqlStore(const Database& database, const Clock& clock, std::chrono::milliseconds patience);
  Result<void> run_once(ConnectionLease& lease, const std::function<Result<void>(Writer&)>& body);
  Result<void> settle(ConnectionLease& lease, const ChainHead& record);

  const Clock& clock_;
  const std::unique_ptr<Watchdog> watchdog_;
  const std::unique_ptr<Connections> connections_;
};

}  // namespace tobari::broker
