// SPDX-License-Identifier: GPL-3.0-or-later
// The policy as a value, and the decision. Pure: no I/O, no clock, no state; std only; any thread.
//
// Three laws, and the order of rules never matters:
//   1. What no rule allows is denied.
//   2. A denial wins over every permission.
//   3. When several rules allow, the limits and obligations of each of them hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/channels.h>
#include <tobari/policy/grant.h>
#include <tobari/policy/group_graph.h>
#include <tobari/policy/network_rules.h>
#include <tobari/policy/request.h>
#include <tobari/policy/rule.h>
#include <tobari/policy/rule_index.h>

namespace tobari::policy {

struct Decision {
  bool allowed = false;
  std::string rule{};     // that decided: the first denial in the file, else the first permission; empty: none spoke
  int line = 0;           // of that rule
  std::string reason{};   // a sentence for people
  Limits limits{};        // when allowed: of all rules that allow it, joined
  Obligations require{};  // likewise
  friend bool operator==(const Decision&, const Decision&) = default;
};

class PolicySet {
 public:
  PolicySet() = default;  // denies everything
  explicit PolicySet(std::vector<Rule> rules, std::vector<Group> groups = {}, NetworkRules network = {});

  [[nodiscard]] const std::vector<Rule>& rules() const noexcept { return rules_; }
  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }
  [[nodiscard]] const NetworkRules& network() const noexcept { return network_; }

  [[nodiscard]] Decision decide(const Request& request, ChannelIndex what) const;
  // For the desktop of `request`, in its user's hands: denials first, then permissions.
  [[nodiscard]] DesktopNetwork desktop_network(const Request& request) const;

 private:
  std::vector<Rule> rules_;
  std::vector<Group> groups_;
  NetworkRules network_;
  GroupGraph graph_;
  RuleIndex index_;
  std::vector<std::vector<GroupId>> egress_groups_, ingress_groups_;  // of each rule of network_
};

// A channel name that does not exist is denied.
[[nodiscard]] Decision decide(const PolicySet& policy, const Request& request, std::string_view what);

// One decision for each of the device's interface_classes, in their order; a part that is denied is not passed on. A
// device without interfaces has no part that could be.
[[nodiscard]] std::vector<Decision> decide_device(const PolicySet& policy, const Request& request,
                                                  const DeviceDescription& device);

// Every channel of a session that is allowed and available, and what the session owes for them. Nobody may connect
// whose grant does not hold "connect"; it is then empty.
[[nodiscard]] Grant make_grant(const PolicySet& policy, const Request& request);

}  // namespace tobari::policy
