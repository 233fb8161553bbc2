// SPDX-License-Identifier: GPL-3.0-or-later
// The fake: everything in memory, behaves like SqlStore. An act works on a copy, which replaces the state when all went
// well: what fails leaves no trace. The copy shares what is not changed, so an act costs what it touches.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include <tobari/base/clock.h>

#include "store/state_store.h"

namespace tobari::broker {

class MemoryTables;

class MemoryStore final : public StateStore {
 public:
  explicit MemoryStore(const Clock& clock);
  ~MemoryStore() override;
  Result<void> act(const Act& act) override;
  Result<void> read(const Read& read) override;
  Result<void> transact(const std::function<Result<void>(Writer&)>& body) override;

  // From now on acts fail as on a full disk, until told otherwise.
  void set_full(bool full);
  // From now on everything fails as with a database that cannot be reached.
  void set_away(bool away);
  // From now on every act loses against another one first, and is run again.
  void set_contended(bool contended);

 private:
  Result<void> run(const std::function<Result<void>(Writer&)>& body, bool keep);

  const Clock& clock_;
  std::mutex mutex_;
  std::vector<AuditRecord> audit_;
  std::unique_ptr<MemoryTables> tables_;
  bool full_ = false;
  bool away_ = false;
  bool contended_ = false;
};

}  // namespace tobari::broker
