// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/memory_store.h"

#include <utility>

#include "store/memory_tables.h"

namespace tobari::broker {

MemoryStore::MemoryStore(const Clock& clock) : clock_(clock), tables_(std::make_unique<MemoryTables>(audit_)) {}
MemoryStore::~MemoryStore() = default;

Result<void> MemoryStore::act(const Act& act) {
  return transact([&act](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(AuditDraft draft, act(writer));
    return writer.add_record(std::move(draft));
  });
}

namespace {

std::unexpected<Error> away() {
  return fail(Errc::kUnavailable, "the database cannot be reached, nothing was changed: try again in a few seconds");
}

}  // namespace

Result<void> MemoryStore::transact(const std::function<Result<void>(Writer&)>& body) {
  const std::scoped_lock lock(mutex_);
  if (away_) return away();
  if (contended_) static_cast<void>(run(body, false));
  return run(body, true);
}

Result<void> MemoryStore::run(const std::function<Result<void>(Writer&)>& body, bool keep) {
  if (full_) return fail(Errc::kIo, "the broker's disk is full, nothing was changed: free some space and try again");
  auto changed = std::make_unique<MemoryTables>(*tables_);
  changed->begin(clock_.wall());
  const std::size_t records = audit_.size();
  auto done = body(*changed);
  if (done.has_value() && keep) {
    tables_ = std::move(changed);
  } else {
    audit_.resize(records);
  }
  return done;
}

Result<void> MemoryStore::read(const Read& read) {
  const std::scoped_lock lock(mutex_);
  if (away_) return away();
  return read(*tables_);
}

void MemoryStore::set_full(bool full) {
  const std::scoped_lock lock(mutex_);
  full_ = full;
}

void MemoryStore::set_away(bool away) {
  const std::scoped_lock lock(mutex_);
  away_ = away;
}

void MemoryStore::set_contended(bool contended) {
  const std::scoped_lock lock(mutex_);
  contended_ = contended;
}

}  // namespace tobari::broker
