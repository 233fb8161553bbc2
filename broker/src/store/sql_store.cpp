// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_store.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <tobari/base/log.h>

#include "store/connections.h"
#include "store/migrations.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"
#include "store/watchdog.h"

namespace tobari::broker {
namespace {

using Lease = ConnectionLease;
using Begin = Result<void> (SqlSession::*)();

constexpr std::chrono::milliseconds kFirstPause{5};  // then twice as long each time

// Runs `body` inside a transaction that it ends itself. A connection that turns out to be gone before anything was done
// is replaced.
template <class Body>
Result<void> in_transaction(Watchdog& watchdog, Lease& lease, Begin begin, Body&& body) {
  for (bool again = true;; again = false) {
    {
      const Watchdog::Watch watch(watchdog, lease->line().get());
      auto begun = ((*lease).*begin)();
      if (begun.has_value()) return std::forward<Body>(body)(*lease);
      if (lease->trouble() != Trouble::kLost || !again) {
        lease->rollback();
        return begun;
      }
    }
    TOBARI_TRY(lease.reopen());  // closes the line, which must not be watched any more
  }
}

void pause(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time, [] { return false; });
}

}  // namespace

SqlStore::SqlStore(const Database& database, const Clock& clock, std::chrono::milliseconds patience)
    : clock_(clock),
      watchdog_(std::make_unique<Watchdog>(patience)),
      connections_(std::make_unique<Connections>(database, *watchdog_)) {}

SqlStore::~SqlStore() = default;

Result<std::unique_ptr<SqlStore>> SqlStore::open(const Database& database, const Clock& clock,
                                                 std::chrono::milliseconds patience) {
  {
    TOBARI_ASSIGN(const auto session, SqlSession::open(database, Purpose::kMaintain));
    TOBARI_TRY(migrate(*session));
  }
  return std::unique_ptr<SqlStore>(new SqlStore(database, clock, patience));
}

Result<void> SqlStore::act(const Act& act) {
  return transact([&act](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(AuditDraft draft, act(writer));
    return writer.add_record(std::move(draft));
  });
}

Result<void> SqlStore::transact(const std::function<Result<void>(Writer&)>& body) {
  TOBARI_ASSIGN(Lease lease, connections_->writer());
  for (int run = 1;; ++run) {
    auto done = run_once(lease, body);
    if (done.has_value() || lease->trouble() != Trouble::kAgain || run == kMaxRuns) {
      if (!done.has_value() && done.error().code == Errc::kIo) {
        log::error("the state was not written", {{"why", describe(done.error())}});
      }
      return done;
    }
    pause(kFirstPause * (1 << (run - 1)));
  }
}

Result<void> SqlStore::run_once(Lease& lease, const std::function<Result<void>(Writer&)>& body) {
  std::optional<ChainHead> committing;  // the last record, once the commit is under way
  auto done = in_transaction(*watchdog_, lease, &SqlSession::begin_act, [&](SqlSession& session) -> Result<void> {
    SqlTables tables(session, clock_.wall());
    auto changed = body(tables);
    if (changed.has_value()) {
      committing = tables.written();
      changed = session.commit();
    }
    if (!changed.has_value()) session.rollback();
    return changed;
  });
  if (done.has_value() || !committing.has_value() || lease->trouble() != Trouble::kLost) return done;
  return settle(lease, *committing);
}

// The line broke while the server was committing: whether it did, it alone knows, and the record tells. The lock that
// begins an act is free only when the server has finished with the earlier one.
Result<void> SqlStore::settle(Lease& lease, const ChainHead& record) {
  const auto until = std::chrono::steady_clock::now() + kSettling;
  while (record.sequence != 0 && std::chrono::steady_clock::now() < until) {
    if (!lease.reopen().has_value()) {
      pause(Connections::kTryAgainAfter / 2);
      continue;
    }
    bool found = false;
    const auto asked =
        in_transaction(*watchdog_, lease, &SqlSession::begin_act, [&](SqlSession& session) -> Result<void> {
          const auto there = SqlTables(session).audit_after(record.sequence - 1, 1);
          session.rollback();
          if (!there.has_value()) return std::unexpected<Error>(there.error());
          found = !there->empty() && there->front().hash == record.hash;
          return {};
        });
    if (!asked.has_value()) continue;
    if (found) return {};
    return fail(Errc::kUnavailable, "the database was lost for a moment, nothing was changed: try again");
  }
  return fail(Errc::kUnavailable, "the database was lost while it stored this, and whether it did is not known yet");
}

Result<void> SqlStore::read(const Read& read) {
  TOBARI_ASSIGN(Lease lease, connections_->reader());
  return in_transaction(*watchdog_, lease, &SqlSession::begin_read, [&read](SqlSession& session) {
    const SqlTables tables(session);
    auto done = read(tables);
    session.rollback();
    return done;
  });
}

Result<void> SqlStore::execute(const std::string& statement) {
  TOBARI_ASSIGN(const Lease lease, connections_->writer());
  return sql_guard(*lease, "execute", [&lease, &statement]() -> Result<void> {
    lease->soci() << statement;
    return {};
  });
}

}  // namespace tobari::broker
