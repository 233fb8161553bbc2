// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/connections.h"

#include <utility>

#include <tobari/base/log.h>

#include "store/migrations.h"
#include "store/sql_errors.h"

namespace tobari::broker {

ConnectionLease::~ConnectionLease() {
  if (owner_ == nullptr) return;
  std::unique_ptr<SqlSession> lost;  // closed outside the lock
  {
    const std::scoped_lock lock(owner_->mutex_);
    Connections::Slot& slot = owner_->slots_[slot_];
    if (slot.session != nullptr && slot.session->trouble() == Trouble::kLost) lost = std::move(slot.session);
    slot.taken = false;
  }
  owner_->given_back_.notify_all();
}

SqlSession& ConnectionLease::operator*() const noexcept { return *owner_->slots_[slot_].session; }

Result<void> ConnectionLease::reopen() {
  TOBARI_ASSIGN(auto opened, owner_->open());
  owner_->slots_[slot_].session = std::move(opened);
  return {};
}

Result<ConnectionLease> Connections::lease(std::size_t first, std::size_t end) {
  const auto free_slot = [this, first, end] {
    std::size_t found = end;
    for (std::size_t i = first; i < end; ++i) {
      if (slots_[i].taken) continue;
      if (slots_[i].session != nullptr) return i;
      found = i;
    }
    return found;
  };
  std::size_t slot = end;
  {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [&] { return (slot = free_slot()) != end; });
    slots_[slot].taken = true;
  }
  ConnectionLease lease(this, slot);
  if (slots_[slot].session == nullptr) TOBARI_TRY(lease.reopen());
  return lease;
}

Result<std::unique_ptr<SqlSession>> Connections::open() {
  {
    const std::scoped_lock lock(mutex_);
    if (away_.has_value()) {
      if (trying_ || std::chrono::steady_clock::now() < try_again_) return std::unexpected<Error>(*away_);
      trying_ = true;
    }
  }
  auto opened = SqlSession::open(database_, Purpose::kServe, &watchdog_);
  if (opened.has_value()) {
    const auto fits = [this, &session = **opened] {
      const Watchdog::Watch watch(watchdog_, session.line().get());
      return check_schema(session);
    }();
    if (!fits.has_value()) opened = std::unexpected<Error>(fits.error());
  }
  const std::scoped_lock lock(mutex_);
  trying_ = false;
  if (opened.has_value()) {
    if (std::exchange(away_, std::nullopt).has_value()) log::info("the database is back");
    return opened;
  }
  if (!away_.has_value()) log::error("the database is away", {{"why", describe(opened.error())}});
  try_again_ = std::chrono::steady_clock::now() + kTryAgainAfter;
  // The reason is for the log: it names servers.
  away_ = Error{.code = Errc::kUnavailable, .message = kDatabaseAway};
  return std::unexpected<Error>(*away_);
}

}  // namespace tobari::broker
