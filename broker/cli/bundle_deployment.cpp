// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker says of the whole deployment.
#include <format>
#include <map>

#include "audit_check.h"
#include "audit_source.h"
#include "bundle.h"

namespace tobari::cli {
namespace {

Result<std::string> answer_of(Portal& portal, const char* path) {
  TOBARI_ASSIGN(const Json answer, portal.call("GET", path));
  return answer.dump(2) + "\n";
}

// Without the sessions: a list of people is nothing for an archive.
Result<std::string> load_of(Portal& portal) {
  TOBARI_ASSIGN(Json answer, portal.call("GET", "/load"));
  std::map<std::string, std::size_t> counts;
  for (const Json& session : answer.value("sessions", Json::array())) ++counts[session.value("state", "")];
  answer["sessions"] = counts;
  return answer.dump(2) + "\n";
}

Result<std::string> audit_of(Portal& portal) {
  TOBARI_ASSIGN(const Json json, portal.call("GET", "/audit/head"));
  TOBARI_ASSIGN(const broker::SignedHead head, parse_head(json));
  TOBARI_ASSIGN(AuditCheck check, AuditCheck::create({head}, ""));
  const auto read = records_of_broker(portal, 0, [&check](const Json& record) { return check.record(record); });
  const auto finished = read.has_value() ? check.finish() : Result<void>(std::unexpected(read.error()));
  if (finished.has_value()) {
    return std::format("{} records, the chain is whole, and the broker's head lies on it\n", check.head().sequence);
  }
  return std::format("NOT WHOLE after {} records: {}\n", check.head().sequence, finished.error().message);
}

}  // namespace

void collect_deployment(Portal& portal, Bundle& bundle) {
  bundle.add_or_why("deployment/hosts.json", answer_of(portal, "/hosts"));
  bundle.add_or_why("deployment/load.json", load_of(portal));
  bundle.add_or_why("deployment/policy.json", answer_of(portal, "/policy"));
  bundle.add_or_why("deployment/audit.txt", audit_of(portal));
}

}  // namespace tobari::cli
