// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit_check.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

namespace tobari::cli {
namespace {

constexpr std::array kText{"time",    "actor", "action", "object",   "client_address",
                           "outcome", "rule",  "detail", "previous", "hash"};

// Exactly the members of a record. More would be text that no hash covers.
bool has_the_form(const Json& record) {
  return record.is_object() && record.size() == kText.size() + 1 && record.contains("sequence") &&
         record.at("sequence").is_number_unsigned() && std::ranges::all_of(kText, [&record](const char* member) {
           return record.contains(member) && record.at(member).is_string();
         });
}

// The text that the hash is over, made from what was handed over.
std::string canonical_text_of(const Json& record) {
  nlohmann::json sorted = record;
  sorted.erase("hash");
  return sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<broker::SignedHead> parse_head(const Json& json) {
  broker::SignedHead head;
  if (!json.is_object() || !json.contains("sequence") || !json.at("sequence").is_number_unsigned()) {
    return fail(Errc::kInvalidArgument, "that is no signed head of an audit (tobari audit head makes one)");
  }
  head.sequence = json.at("sequence");
  for (const auto& [member, text] : {std::pair("hash", &head.hash), std::pair("time", &head.time),
                                     std::pair("key", &head.key), std::pair("signature", &head.signature)}) {
    if (!json.contains(member) || !json.at(member).is_string()) {
      return fail(Errc::kInvalidArgument, std::format("the signed head has no '{}'", member));
    }
    *text = json.at(member);
  }
  return head;
}

Result<AuditCheck> AuditCheck::create(std::vector<broker::SignedHead> heads, std::string key) {
  if (key.empty() && !heads.empty()) key = heads.front().key;
  for (const broker::SignedHead& head : heads) TOBARI_TRY(broker::verify_head(head, key));
  std::ranges::sort(heads, {}, &broker::SignedHead::sequence);
  return AuditCheck(std::move(heads));
}

Result<void> AuditCheck::record(const Json& record) {
  if (!has_the_form(record)) {
    return fail(Errc::kPeerProtocol, std::format("what follows audit record {} is no record", head_.sequence));
  }
  TOBARI_TRY(broker::verify_link(canonical_text_of(record), record.at("sequence"), record.at("previous"),
                                 record.at("hash"), head_));
  for (; passed_ < heads_.size() && heads_[passed_].sequence <= head_.sequence; ++passed_) {
    const broker::SignedHead& kept = heads_[passed_];
    if (kept.sequence == head_.sequence && kept.hash != head_.hash) {
      return fail(Errc::kPeerProtocol,
                  std::format("audit record {} is not the one that was signed at {}: the chain was "
                              "made anew",
                              kept.sequence, kept.time));
    }
  }
  return {};
}

Result<void> AuditCheck::finish() const {
  if (passed_ == heads_.size() || heads_.back().sequence == 0) return {};
  return fail(Errc::kPeerProtocol, std::format("there are {} audit records, at {} there were {}: the end was cut off",
                                               head_.sequence, heads_.back().time, heads_.back().sequence));
}

}  // namespace tobari::cli
