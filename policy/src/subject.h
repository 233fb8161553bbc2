// SPDX-License-Identifier: GPL-3.0-or-later
// Whether what a rule states holds for a request. Private to policy/src.
#pragma once

#include <cstdint>
#include <span>

#include <tobari/policy/group_graph.h>
#include <tobari/policy/request.h>
#include <tobari/policy/rule.h>

namespace tobari::policy {

// The request with everything looked up once.
struct Subject {
  const Request& request;
  GroupGraph::Membership groups;
};

// Ordered: several statements together are worth the least of them, several entries of one statement the most.
enum class Truth : std::uint8_t { kNo, kUnknown, kYes };

// `group_ids`: the numbers of who.groups.
[[nodiscard]] Truth holds(const Who& who, std::span<const GroupId> group_ids, const Subject& subject);
// Hours, second factor and number of sessions: the same for many rules.
[[nodiscard]] Truth holds_now(const Conditions& conditions, const Request& request);
// What the client is and what comes with it: its kind, its certificate, the USB device asked about. (Networks are the
// index's: it asks all of them at once.)
[[nodiscard]] Truth holds_with(const Conditions& conditions, Effect effect, const Request& request);

// What is not known denies but does not allow.
[[nodiscard]] constexpr bool applies(Effect effect, Truth truth) noexcept {
  return truth == Truth::kYes || (truth == Truth::kUnknown && effect == Effect::kDeny);
}

}  // namespace tobari::policy
