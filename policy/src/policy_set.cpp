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
  for (Group& group : groups_) sort_unique(group.members);
  for (Rule& rule : rules_) {
    sort_unique(rule.users);
    sort_unique(rule.groups);
    sort_unique(rule.pools);
  }
  // Denials in front: the first rule of a channel's list that applies is the answer.
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].effect != effect) continue;
      std::vector<ChannelIndex> what = rules_[i].what;
      std::ranges::sort(what);
      const auto rest = std::ranges::unique(what);
      what.erase(rest.begin(), rest.end());
      for (const ChannelIndex channel : what) by_channel_.at(channel).push_back(static_cast<std::uint32_t>(i));
    }
  }
}

PolicySet::Subject PolicySet::subject_of(const Request& request) const {
  Subject subject{.request = request, .groups = request.groups};
  for (const Group& group : groups_) {
    if (holds(group.members, request.user)) subject.groups.push_back(group.name);
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
  for (const std::uint32_t at : by_channel_.at(what)) {
    if (applies(rules_[at], subject)) return from(rules_[at]);
  }
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
    if (!kChannels[channel].available) continue;
    const Decision decision = policy.decide(request, channel);
    if (decision.allowed) grant.channels.push_back({std::string(kChannels[channel].name), decision.rule});
  }
  if (grant.find("connect") == nullptr) grant.channels.clear();
  return grant;
}

}  // namespace tobari::policy
