// SPDX-License-Identifier: GPL-3.0-or-later
// The audit is a chain: every record carries the hash of the one before, so that changing, removing or reordering one
// breaks every later hash. Pure.
#pragma once

#include <span>
#include <string>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

inline const std::string kFirstPrevious(64, '0');

// The text that is hashed: JSON with sorted keys, no white space, every member present, `hash` left out.
[[nodiscard]] std::string canonical_text(const AuditRecord& record);

// The next record after `head` (sequence and hash of the newest; 0 and zeros for none).
struct ChainHead {
  std::uint64_t sequence = 0;
  std::string hash = kFirstPrevious;
};
[[nodiscard]] AuditRecord link_record(const ChainHead& head, Time time, AuditDraft draft);

// One link, given the canonical text as a reader has put it together: number and hashes must continue `head`, which is
// moved along. kPeerProtocol says what does not fit.
[[nodiscard]] Result<void> verify_link(const std::string& canonical, std::uint64_t sequence,
                                       const std::string& previous, const std::string& hash, ChainHead& head);

// Goes over `records` in order, moving `head` along. kPeerProtocol names the first record that does not fit.
[[nodiscard]] Result<void> verify_chain(std::span<const AuditRecord> records, ChainHead& head);

}  // namespace tobari::broker
