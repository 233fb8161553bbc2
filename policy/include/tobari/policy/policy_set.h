// SPDX-License-Identifier: GPL-3.0-or-later
// The policy as a value, and the decision. Pure: no I/O, no clock, no state; std only; any thread.
//
// What is not allowed is denied, and a denial wins over every permission: the order of rules never matters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tobari/policy/channels.h>
#include <tobari/policy/grant.h>
#include <tobari/policy/ip_network.h>

namespace tobari::policy {

enum class Effect : std::uint8_t { kAllow, kDeny };

// Applies when every condition that it states holds; within one condition, one entry is enough. An empty list states
// nothing: everybody, every pool, every network.
struct Rule {
  std::string name;
  int line = 0;  // in its file, from 1; 0: not from a file
  Effect effect = Effect::kDeny;
  std::vector<ChannelIndex> what;
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> pools;
  std::vector<IpNetwork> networks;
};

struct Group {
  std::string name;
  std::vector<std::string> members;  // users
};

struct Request {
  std::string user;
  std::vector<std::string> groups;  // that the directory says; those of the policy file come on top
  std::string pool;                 // of the desktop
  std::string desktop_id;           // for the grant; rules do not look at it
  // Unknown address: rules with networks then deny but do not allow.
  std::optional<IpAddress> address;
};

struct Decision {
  bool allowed = false;
  std::string rule;    // the rule that decided; empty when none spoke
  int line = 0;        // of that rule
  std::string reason;  // a sentence for people
  friend bool operator==(const Decision&, const Decision&) = default;
};

class PolicySet {
 public:
  PolicySet() = default;  // denies everything
  PolicySet(std::vector<Rule> rules, std::vector<Group> groups);

  [[nodiscard]] const std::vector<Rule>& rules() const noexcept { return rules_; }
  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }

  // Among the rules that apply, the first denial decides, else the first permission, in the order of the file.
  [[nodiscard]] Decision decide(const Request& request, ChannelIndex what) const;

 private:
  struct Subject;
  [[nodiscard]] Subject subject_of(const Request& request) const;
  [[nodiscard]] static bool applies(const Rule& rule, const Subject& subject);

  // A rule's place in the order of decision: denials first, then as in the file.
  using Ranks = std::vector<std::uint32_t>;  // ascending
  struct Index {
    std::unordered_map<std::string, Ranks> by_user, by_group;
    Ranks anybody;
  };
  void index(std::uint32_t rank);
  [[nodiscard]] const Rule& rule_at(std::uint32_t rank) const { return rules_[by_rank_[rank]]; }

  std::vector<Rule> rules_;                                              // lists within sorted
  std::vector<Group> groups_;                                            // members sorted
  std::unordered_map<std::string, std::vector<std::string>> groups_of_;  // of a user
  Ranks by_rank_;                                                        // positions in rules_
  std::array<Index, kChannels.size()> by_channel_;
};

// A channel name that does not exist is denied.
[[nodiscard]] Decision decide(const PolicySet& policy, const Request& request, std::string_view what);

// Every channel of a session that is allowed and available. Nobody may connect whose grant does not hold "connect"; it
// is then empty.
[[nodiscard]] Grant make_grant(const PolicySet& policy, const Request& request);

}  // namespace tobari::policy
