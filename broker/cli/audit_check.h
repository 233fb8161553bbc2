// SPDX-License-Identifier: GPL-3.0-or-later
// Whether records, as somebody hands them over, are the ones that the broker wrote: every hash is computed here from
// what was handed over, and heads that were signed and kept elsewhere must lie on the chain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/audit_head.h"
#include "portal.h"

namespace tobari::cli {

// kInvalidArgument when a member is missing or of another kind.
[[nodiscard]] Result<broker::SignedHead> parse_head(const Json& json);

class AuditCheck {
 public:
  // Every head must be signed with `key`; empty: with the key of the first one.
  [[nodiscard]] static Result<AuditCheck> create(std::vector<broker::SignedHead> heads, std::string key);

  // The records in order, from the first. The error names the first one that does not fit.
  [[nodiscard]] Result<void> record(const Json& record);
  // After the last: a head of a later record says that records are missing at the end.
  [[nodiscard]] Result<void> finish() const;

  [[nodiscard]] const broker::ChainHead& head() const noexcept { return head_; }

 private:
  explicit AuditCheck(std::vector<broker::SignedHead> heads) : heads_(std::move(heads)) {}

  std::vector<broker::SignedHead> heads_;  // by sequence
  std::size_t passed_ = 0;                 // of heads_
  broker::ChainHead head_;
};

}  // namespace tobari::cli
