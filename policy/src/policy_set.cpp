// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/policy_set.h>

#include <algorithm>
#include <utility>

namespace tobari::policy {
namespace {

void sort_unique(std::vector<std::string>& list) {
  std::ranges::sort(list);
  const auto rest = std::ranges::unique(list);
  list.erase(rest.begin(), rest.end());
}

bool holds(const std::vector<std::string>& sorted, std::string_view entry) {
  return std::ranges::binary_search(sorted, entry, std::less<>());
}

Decision from(const Rule& rule) {
  const bool allowed = rule.effect == Effect::kAllow;
  return {.allowed = allowed,
          .rule = rule.name,
          .line = rule.line,
          .reason = "rule '" + rule.name + (allowed ? "' allows it" : "' denies it")};
}

}  // namespace

// The request with everything looked up once.
struct PolicySet::Subject {
  const Request& request;
  std::vector<std::string> groups;  // sorted
};

PolicySet::PolicySet(std::vector<Rule> rules, std::vector<Group> groups)
    : rules_(std::move(rules)), groups_(std::move(groups)) {
  for (Group& group : groups_) {
    sort_unique(group.members);
    for (const std::string& member : group.members) groups_of_[member].push_back(group.name);
  }
  for (Rule& rule : rules_) {
    sort_unique(rule.users);
    sort_unique(rule.groups);
    sort_unique(rule.pools);
  }
  // Denials in front: of the rules that apply, the one with the lowest rank is the answer.
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].effect == effect) by_rank_.push_back(i);
    }
  }
  for (std::uint32_t rank = 0; rank < by_rank_.size(); ++rank) index(rank);
}

// Files a rule under the first thing that it asks of a person, so that a decision looks at few rules.
void PolicySet::index(std::uint32_t rank) {
  const Rule& rule = rule_at(rank);
  std::vector<ChannelIndex> what = rule.what;
  std::ranges::sort(what);
  const auto rest = std::ranges::unique(what);
  what.erase(rest.begin(), rest.end());
  for (const ChannelIndex channel : what) {
    Index& of = by_channel_.at(channel);
    if (!rule.users.empty()) {
      for (const std::string& user : rule.users) of.by_user[user].push_back(rank);
    } else if (!rule.groups.empty()) {
      for (const std::string& group : rule.groups) of.by_group[group].push_back(rank);
    } else {
      of.anybody.push_back(rank);
    }
  }
}

PolicySet::Subject PolicySet::subject_of(const Request& request) const {
  Subject subject{.request = request, .groups = request.groups};
  if (const auto found = groups_of_.find(request.user); found != groups_of_.end()) {
    subject.groups.insert(subject.groups.end(), found->second.begin(), found->second.end());
  }
  sort_unique(subject.groups);
  return subject;
}

bool PolicySet::applies(const Rule& rule, const Subject& subject) {
  const Request& request = subject.request;
  if (!rule.users.empty() && !holds(rule.users, request.user)) return false;
  if (!rule.pools.empty() && !holds(rule.pools, request.pool)) return false;
  if (!rule.groups.empty() &&
      std::ranges::none_of(subject.groups, [&rule](const std::string& group) { return holds(rule.groups, group); })) {
    return false;
  }
  if (rule.networks.empty()) return true;
  if (!request.address) return rule.effect == Effect::kDeny;
  return std::ranges::any_of(rule.networks,
                             [&request](const IpNetwork& network) { return network.contains(*request.address); });
}

Decision PolicySet::decide(const Request& request, ChannelIndex what) const {
  const Subject subject = subject_of(request);
  const Index& of = by_channel_.at(what);
  std::uint32_t best = static_cast<std::uint32_t>(by_rank_.size());
  const auto look_at = [&](const Ranks& ranks) {
    for (const std::uint32_t rank : ranks) {
      if (rank >= best) return;
      if (applies(rule_at(rank), subject)) best = rank;
    }
  };
  look_at(of.anybody);
  if (const auto found = of.by_user.find(request.user); found != of.by_user.end()) look_at(found->second);
  for (const std::string& group : subject.groups) {
    if (const auto found = of.by_group.find(group); found != of.by_group.end()) look_at(found->second);
  }
  if (best < by_rank_.size()) return from(rule_at(best));
  return {.allowed = false, .rule = {}, .line = 0, .reason = "no rule allows it"};
}

Decision decide(const PolicySet& policy, const Request& request, std::string_view what) {
  const auto channel = find_channel(what);
  if (!channel) return {.allowed = false, .rule = {}, .line = 0, .reason = "there is no such channel"};
  return policy.decide(request, *channel);
}

Grant make_grant(const PolicySet& policy, const Request& request) {
  Grant grant;
  grant.user = request.user;
  grant.desktop_id = request.desktop_id;
  for (ChannelIndex channel = 0; channel < kChannels.size(); ++channel) {
    if (!kChannels[channel].available || !kChannels[channel].in_grant) continue;
    const Decision decision = policy.decide(request, channel);
    if (decision.allowed) grant.channels.push_back({std::string(kChannels[channel].name), decision.rule});
  }
  if (grant.find("connect") == nullptr) grant.channels.clear();
  return grant;
}

}  // namespace tobari::policy
