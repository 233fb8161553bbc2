// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/audit_chain.h"

#include <format>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/names.h"
#include "core/sha256.h"
#include "core/storable.h"

namespace tobari::broker {

std::string canonical_text(const AuditRecord& record) {
  const nlohmann::json text{{"sequence", record.sequence},
                            {"time", format_time(record.time)},
                            {"actor", record.draft.actor},
                            {"action", record.draft.action},
                            {"object", record.draft.object},
                            {"client_address", record.draft.client_address},
                            {"outcome", std::string(to_string(record.draft.outcome))},
                            {"rule", record.draft.rule},
                            {"detail", record.draft.detail},
                            {"previous", record.previous}};
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

AuditRecord link_record(const ChainHead& head, Time time, AuditDraft draft) {
  // What is hashed must be what every database can keep.
  for (std::string* text :
       {&draft.actor, &draft.action, &draft.object, &draft.client_address, &draft.rule, &draft.detail}) {
    if (!is_storable(*text)) *text = made_storable(*text);
  }
  AuditRecord record{.sequence = head.sequence + 1,
                     // Stored in milliseconds: what is hashed must be what is read again.
                     .time = std::chrono::floor<std::chrono::milliseconds>(time),
                     .draft = std::move(draft),
                     .previous = head.hash,
                     .hash = {}};
  record.hash = sha256_hex(canonical_text(record));
  return record;
}

Result<void> verify_link(const std::string& canonical, std::uint64_t sequence, const std::string& previous,
                         const std::string& hash, ChainHead& head) {
  if (sequence != head.sequence + 1) {
    return fail(Errc::kPeerProtocol,
                std::format("audit record {} follows {}: records are missing", sequence, head.sequence));
  }
  if (previous != head.hash) {
    return fail(Errc::kPeerProtocol, std::format("audit record {} does not continue the chain", sequence));
  }
  if (hash != sha256_hex(canonical)) {
    return fail(Errc::kPeerProtocol, std::format("audit record {} was changed", sequence));
  }
  head = {sequence, hash};
  return {};
}

Result<void> verify_chain(std::span<const AuditRecord> records, ChainHead& head) {
  for (const AuditRecord& record : records) {
    TOBARI_TRY(verify_link(canonical_text(record), record.sequence, record.previous, record.hash, head));
  }
  return {};
}

}  // namespace tobari::broker
