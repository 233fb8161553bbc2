// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<std::vector<PolicyProposal>> SqlTables::policy_proposals() const {
  return sql_guard(sql_, "read the policy's proposals", [this]() -> Result<std::vector<PolicyProposal>> {
    PolicyProposal row;
    std::string by;
    long long at = 0;
    Query query(sql_, "SELECT sha256, by_id, by_name, at FROM policy_proposals ORDER BY at, sha256");
    query.into(row.sha256).into(by).into(row.by_name).into(at);
    std::vector<PolicyProposal> found;
    while (query.next()) {
      TOBARI_ASSIGN(row.by, UserId::parse(by));
      row.at = from_milliseconds(at);
      found.push_back(row);
    }
    return found;
  });
}

Result<std::string> SqlTables::approved_policy() const {
  return sql_guard(sql_, "read which policy is approved", [this]() -> Result<std::string> {
    std::string sha256;
    Query query(sql_, "SELECT sha256 FROM approved_policy");
    query.into(sha256);
    if (!query.next()) return fail(Errc::kNotFound, "no policy was approved yet");
    return sha256;
  });
}

Result<void> SqlTables::add_policy_proposal(const PolicyProposal& proposal) {
  return sql_guard(sql_, "write a proposal", [this, &proposal]() -> Result<void> {
    const long long at = to_milliseconds(proposal.at);
    Query(sql_, "INSERT INTO policy_proposals (sha256, by_id, by_name, at) VALUES (:a, :b, :c, :d)")
        .use(proposal.sha256)
        .use(proposal.by.str())
        .use(proposal.by_name)
        .use(at)
        .run();
    return {};
  });
}

Result<void> SqlTables::remove_policy_proposal(std::string_view sha256) {
  return sql_guard(sql_, "remove a proposal", [this, sha256]() -> Result<void> {
    const std::string value(sha256);
    return expect_change(Query(sql_, "DELETE FROM policy_proposals WHERE sha256 = :a").use(value).run(), "proposal");
  });
}

Result<void> SqlTables::set_approved_policy(std::string_view sha256) {
  return sql_guard(sql_, "write which policy is approved", [this, sha256]() -> Result<void> {
    const std::string value(sha256);
    Query(sql_,
          "INSERT INTO approved_policy (only_row, sha256) VALUES (1, :a) "
          "ON CONFLICT (only_row) DO UPDATE SET sha256 = excluded.sha256")
        .use(value)
        .run();
    return {};
  });
}

}  // namespace tobari::broker
