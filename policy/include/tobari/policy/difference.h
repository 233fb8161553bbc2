// SPDX-License-Identifier: GPL-3.0-or-later
// What a change of the policy changes for whom. Pure.
//
// The cases that are compared: every user and group that either policy names, and somebody whom neither does; each of
// them as he usually is (`usual`), and as every rule that speaks of him wants it. So a change in any condition of a
// rule shows, in the case of that rule; a difference that needs several rules' conditions at once may not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {

// Who is compared, and how he is when no rule wants it otherwise.
struct Comparison {
  std::vector<std::string> users{};  // empty: everybody that either policy names
  Request usual{};                   // its user is not looked at
  // Values of `usual` that hold whatever a rule wants.
  bool fix_pool = false, fix_labels = false, fix_address = false, fix_client = false, fix_certificate = false;
  bool fix_time = false, fix_mfa = false, fix_sessions = false;
};

// Known, and nothing out of the ordinary: in no pool, without labels and certificate, one factor, no session yet, a
// client without name, an address of a network that does not exist (192.0.2.0/24), at `time`.
[[nodiscard]] Request usual_request(std::chrono::sys_seconds time);

struct Difference {
  enum class Kind : std::uint8_t { kGained, kLost, kChanged };
  std::string subject{};  // "user alice", "somebody in group traders", "somebody else"
  std::string what{};     // a channel, "egress" or "ingress"
  Kind kind = Kind::kChanged;
  std::string in_case{};  // of the rule with this name; empty: usually
  Decision before{};      // of a channel
  Decision after{};
  std::vector<std::string> rules_before{};  // of the network, as they are applied
  std::vector<std::string> rules_after{};
};

// By subject, then by channel; each once, in the first case that shows it.
[[nodiscard]] std::vector<Difference> differences(const PolicySet& before, const PolicySet& after,
                                                  const Comparison& comparison);

}  // namespace tobari::policy
