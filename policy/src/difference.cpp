// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/difference.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "witness.h"

namespace tobari::policy {
namespace {

struct Person {
  std::string words;
  std::string user;
  std::vector<std::string> groups;
};

// A name that nobody has: names in files hold no control characters.
constexpr const char* kNobody = "\x01";

void collect(const Who& who, std::set<std::string>& users, std::set<std::string>& groups) {
  users.insert(who.users.begin(), who.users.end());
  groups.insert(who.groups.begin(), who.groups.end());
}

void collect(const PolicySet& policy, std::set<std::string>& users, std::set<std::string>& groups) {
  for (const Rule& rule : policy.rules()) collect(rule.who, users, groups);
  for (const auto& rules : {policy.network().egress, policy.network().ingress}) {
    if (!rules) continue;
    for (const NetworkRule& rule : *rules) collect(rule.who, users, groups);
  }
  for (const Group& group : policy.groups()) {
    groups.insert(group.name);
    groups.insert(group.groups.begin(), group.groups.end());
    users.insert(group.users.begin(), group.users.end());
  }
}

std::vector<Person> persons_of(const PolicySet& before, const PolicySet& after, const Comparison& comparison) {
  std::vector<Person> out;
  std::set<std::string> users(comparison.users.begin(), comparison.users.end());
  std::set<std::string> groups;
  if (users.empty()) {
    collect(before, users, groups);
    collect(after, users, groups);
  }
  const auto& usual = comparison.usual.groups;
  for (const std::string& user : users) out.push_back({.words = "user " + user, .user = user, .groups = usual});
  if (!comparison.users.empty()) return out;
  for (const std::string& group : groups) {
    out.push_back({.words = "somebody in group " + group, .user = kNobody, .groups = usual});
    out.back().groups.push_back(group);
  }
  out.push_back({.words = "somebody else", .user = kNobody, .groups = usual});
  return out;
}

Obligations in_order(Obligations require) {
  std::ranges::sort(require.notices);
  return require;
}

bool same(const Decision& a, const Decision& b) {
  if (a.allowed != b.allowed) return false;
  return !a.allowed || (a.limits == b.limits && in_order(a.require) == in_order(b.require));
}

Difference::Kind kind_of(const Decision& before, const Decision& after) {
  if (before.allowed == after.allowed) return Difference::Kind::kChanged;
  return after.allowed ? Difference::Kind::kGained : Difference::Kind::kLost;
}

using Entries = std::optional<std::vector<NetworkEntry>>;

std::vector<std::string> names_of(const Entries& entries) {
  if (!entries) return {"(not filtered)"};
  std::vector<std::string> names;
  for (const NetworkEntry& entry : *entries) names.push_back(entry.rule);
  return names;
}

// All cases of one subject.
class Compare {
 public:
  Compare(const PolicySet& before, const PolicySet& after, const Comparison& comparison, const Person& subject,
          std::vector<Difference>& out)
      : before_(before), after_(after), comparison_(comparison), subject_(subject), out_(out) {}

  void run() {
    const std::size_t begin = out_.size();
    const Request usual = as(comparison_.usual);
    for (ChannelIndex channel = 0; channel < kChannels.size(); ++channel) look("", usual, channel);
    look_at_network("", usual);
    for (const PolicySet* policy : {&before_, &after_}) {
      for (const Rule& rule : policy->rules()) {
        if (!speaks(rule.who)) continue;
        const Request request = as(witness(rule.who, rule.conditions, comparison_));
        for (const ChannelIndex channel : rule.what) look(rule.name, request, channel);
      }
      for (const auto& rules : {policy->network().egress, policy->network().ingress}) {
        if (rules) look_at_rules(*rules);
      }
    }
    std::ranges::stable_sort(out_.begin() + static_cast<std::ptrdiff_t>(begin), out_.end(), {}, &Difference::what);
  }

 private:
  Request as(Request request) const {
    request.user = subject_.user;
    request.groups = subject_.groups;
    return request;
  }

  // Groups are left to decide(): a rule about a group that he is not in changes nothing for him.
  bool speaks(const Who& who) const {
    return who.users.empty() || std::ranges::find(who.users, subject_.user) != who.users.end();
  }

  void look_at_rules(const std::vector<NetworkRule>& rules) {
    for (const NetworkRule& rule : rules) {
      const bool narrow = !rule.who.pools.empty() || !rule.who.labels.empty();
      if (narrow && speaks(rule.who)) look_at_network(rule.name, as(witness(rule.who, {}, comparison_)));
    }
  }

  void look(const std::string& in_case, const Request& request, ChannelIndex channel) {
    const Decision a = before_.decide(request, channel);
    const Decision b = after_.decide(request, channel);
    if (same(a, b)) return;
    add({.subject = subject_.words,
         .what = std::string(kChannels[channel].name),
         .kind = kind_of(a, b),
         .in_case = in_case,
         .before = a,
         .after = b,
         .rules_before = {},
         .rules_after = {}});
  }

  void look_at_network(const std::string& in_case, const Request& request) {
    const DesktopNetwork a = before_.desktop_network(request);
    const DesktopNetwork b = after_.desktop_network(request);
    look(in_case, "egress", a.egress, b.egress);
    look(in_case, "ingress", a.ingress, b.ingress);
  }

  void look(const std::string& in_case, const char* what, const Entries& a, const Entries& b) {
    if (a == b) return;
    add({.subject = subject_.words,
         .what = what,
         .kind = Difference::Kind::kChanged,
         .in_case = in_case,
         .before = {},
         .after = {},
         .rules_before = names_of(a),
         .rules_after = names_of(b)});
  }

  void add(Difference difference) {
    const bool known = std::ranges::any_of(out_, [&difference](const Difference& other) {
      return other.what == difference.what && other.kind == difference.kind && same(other.before, difference.before) &&
             same(other.after, difference.after) && other.rules_before == difference.rules_before &&
             other.rules_after == difference.rules_after;
    });
    if (!known) out_.push_back(std::move(difference));
  }

  const PolicySet& before_;
  const PolicySet& after_;
  const Comparison& comparison_;
  const Person& subject_;
  std::vector<Difference>& out_;  // his alone
};

}  // namespace

Request usual_request(std::chrono::sys_seconds time) {
  Request request;
  request.pool = "";
  request.address = IpAddress::parse("192.0.2.1");
  request.labels.emplace();
  request.client_kind = "";
  request.client_version = ClientVersion{};
  request.certificate = DeviceCertificate{};
  request.time = time;
  request.mfa_level = 1;
  request.sessions = 0;
  return request;
}

std::vector<Difference> differences(const PolicySet& before, const PolicySet& after, const Comparison& comparison) {
  std::vector<Difference> out;
  for (const Person& subject : persons_of(before, after, comparison)) {
    std::vector<Difference> his;
    Compare(before, after, comparison, subject, his).run();
    std::ranges::move(his, std::back_inserter(out));
  }
  return out;
}

}  // namespace tobari::policy
