// SPDX-License-Identifier: GPL-3.0-or-later
// /audit
#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {

std::vector<Route> audit_routes(Api& api) {
  const auto read_audit = [&api](const Call& call) -> Answer {
    TOBARI_ASSIGN(const std::uint64_t after, parse_after(call.request.query));
    TOBARI_ASSIGN(const auto records,
                  api.store.get([after](const Reader& reader) { return reader.audit_after(after, kMaxAuditPage); }));
    api.metrics.audit_read(after);
    auto list = nlohmann::ordered_json::array();
    for (const AuditRecord& record : records) list.push_back(view(record));
    return json_response(200, {{"records", std::move(list)}});
  };
  const auto read_head = [&api](const Call&) -> Answer {
    TOBARI_ASSIGN(const ChainHead head, api.store.get([](const Reader& reader) { return reader.audit_head(); }));
    const SignedHead made = api.audit_signer.sign(head, api.clock.wall());
    return json_response(200, {{"sequence", made.sequence},
                               {"hash", made.hash},
                               {"time", made.time},
                               {"key", made.key},
                               {"signature", made.signature}});
  };
  return {{"GET", "/api/v1/audit", Access::kAdmin, at_once(read_audit)},
          {"GET", "/api/v1/audit/head", Access::kAdmin, at_once(read_head)}};
}

}  // namespace tobari::broker
