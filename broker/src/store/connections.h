// SPDX-License-Identifier: GPL-3.0-or-later
// The connections of a store: one that writes, because a broker's acts come one after the other anyhow (each carries
// the hash of the audit record before), and several that read beside it. Lost ones are opened anew by whoever needs
// one; while the database is away, most callers are told so at once and one in half a second tries.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <tobari/base/result.h>

#include "store/sql_session.h"
#include "store/watchdog.h"

namespace tobari::broker {

class Connections;

// One connection, for as long as this lives. Given back unless it is lost.
class ConnectionLease {
 public:
  ConnectionLease(ConnectionLease&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), slot_(other.slot_) {}
  ConnectionLease& operator=(ConnectionLease&&) = delete;
  ~ConnectionLease();
  [[nodiscard]] SqlSession& operator*() const noexcept;
  [[nodiscard]] SqlSession* operator->() const noexcept { return &**this; }
  // A new connection in place of this one. When that fails this one stays, and is lost.
  [[nodiscard]] Result<void> reopen();

 private:
  friend class Connections;
  ConnectionLease(Connections* owner, std::size_t slot) : owner_(owner), slot_(slot) {}
  Connections* owner_;
  std::size_t slot_;
};

// Any thread.
class Connections {
 public:
  static constexpr std::size_t kReaders = 4;
  static constexpr std::chrono::milliseconds kTryAgainAfter{500};

  Connections(Database database, Watchdog& watchdog) : database_(std::move(database)), watchdog_(watchdog) {}

  // Wait until one is free. kUnavailable: the database is away.
  [[nodiscard]] Result<ConnectionLease> writer() { return lease(0, 1); }
  [[nodiscard]] Result<ConnectionLease> reader() { return lease(1, slots_.size()); }

 private:
  friend class ConnectionLease;
  struct Slot {
    std::unique_ptr<SqlSession> session;
    bool taken = false;
  };
  Result<ConnectionLease> lease(std::size_t first, std::size_t end);
  Result<std::unique_ptr<SqlSession>> open();

  const Database database_;
  Watchdog& watchdog_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::array<Slot, 1 + kReaders> slots_;
  std::optional<Error> away_;  // why the last attempt failed
  bool trying_ = false;        // while it is away: somebody is
  std::chrono::steady_clock::time_point try_again_;
};

}  // namespace tobari::broker
