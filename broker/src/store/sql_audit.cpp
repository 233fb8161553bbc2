// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<ChainHead> SqlTables::audit_head() const {
  return sql_guard(sql_, "read the audit's head", [this]() -> Result<ChainHead> {
    long long last = 0;
    std::string hash;
    Query newest(sql_, "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
    newest.into(last).into(hash);
    return newest.next() ? ChainHead{static_cast<std::uint64_t>(last), hash} : ChainHead{};
  });
}

Result<ChainHead> SqlTables::head_of_act() const {
  if (written_.sequence > 0) return written_;
  if (sql_.head().has_value()) return *sql_.head();
  return audit_head();
}

Result<std::vector<AuditRecord>> SqlTables::audit_after(std::uint64_t sequence, std::size_t limit) const {
  return sql_guard(sql_, "read the audit", [this, sequence, limit]() -> Result<std::vector<AuditRecord>> {
    AuditRecord row;
    const auto after = static_cast<long long>(sequence);
    const auto most = static_cast<long long>(std::min(limit, kMaxAuditPage));
    long long number = 0;
    long long time = 0;
    std::string outcome;
    Query query(sql_,
                "SELECT sequence, time, actor, action, object, client_address, outcome, rule, detail, previous, hash "
                "FROM audit WHERE sequence > :a ORDER BY sequence LIMIT :b");
    AuditDraft& draft = row.draft;
    query.into(number).into(time).into(draft.actor).into(draft.action).into(draft.object).into(draft.client_address);
    query.into(outcome).into(draft.rule).into(draft.detail).into(row.previous).into(row.hash).use(after).use(most);
    std::vector<AuditRecord> found;
    while (query.next()) {
      row.sequence = static_cast<std::uint64_t>(number);
      row.time = from_milliseconds(time);
      TOBARI_ASSIGN(draft.outcome, parse_outcome(outcome));
      found.push_back(row);
    }
    return found;
  });
}

Result<void> SqlTables::add_record(AuditDraft draft) {
  return sql_guard(sql_, "write the audit", [this, &draft]() -> Result<void> {
    TOBARI_ASSIGN(const ChainHead head, head_of_act());
    const AuditRecord record = link_record(head, now_, std::move(draft));
    const auto number = static_cast<long long>(record.sequence);
    const long long time = to_milliseconds(record.time);
    const std::string outcome(to_string(record.draft.outcome));
    const AuditDraft& what = record.draft;
    Query query(sql_,
                "INSERT INTO audit (sequence, time, actor, action, object, client_address, outcome, rule, detail, "
                "previous, hash) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k)");
    query.use(number).use(time).use(what.actor).use(what.action).use(what.object).use(what.client_address);
    query.use(outcome).use(what.rule).use(what.detail).use(record.previous).use(record.hash).run();
    written_ = {record.sequence, record.hash};
    return {};
  });
}

}  // namespace tobari::broker
