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

Result<void> MemoryStore::transact(const std::function<Result<void>(Writer&)>& body) {
  const std::scoped_lock lock(mutex_);
  if (full_) return fail(Errc::kIo, "the broker's disk is full, nothing was changed: free some space and try again");
  auto changed = std::make_unique<MemoryTables>(*tables_);
  changed->begin(clock_.wall());
  const std::size_t records = audit_.size();
  auto done = body(*changed);
  if (done.has_value()) {
    tables_ = std::move(changed);
  } else {
    audit_.resize(records);
  }
  return done;
}

Result<void> MemoryStore::read(const Read& read) {
  const std::scoped_lock lock(mutex_);
  return read(*tables_);
}

void MemoryStore::set_full(bool full) {
  const std::scoped_lock lock(mutex_);
  full_ = full;
}

}  // namespace tobari::broker
