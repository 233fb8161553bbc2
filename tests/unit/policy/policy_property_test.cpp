// SPDX-License-Identifier: GPL-3.0-or-later
// decide() against an evaluator that does what the documentation says, in the plainest words, on random policies drawn
// from few names so that rules often meet.
#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {
namespace {

constexpr int kPolicies = 100;  // what rc::check() tries
constexpr int kRequestsPerPolicy = 1'000;
constexpr int kDecisions = kPolicies * kRequestsPerPolicy;

template <class T>
bool among(const std::vector<T>& list, const T& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::vector<std::string> groups_of(const std::vector<Group>& groups, const Request& request) {
  std::vector<std::string> out = request.groups;
  for (const Group& group : groups) {
    if (among(group.members, request.user)) out.push_back(group.name);
  }
  return out;
}

bool rule_applies(const Rule& rule, const std::vector<Group>& groups, const Request& request) {
  if (!rule.users.empty() && !among(rule.users, request.user)) return false;
  if (!rule.pools.empty() && !among(rule.pools, request.pool)) return false;
  if (!rule.groups.empty()) {
    bool member = false;
    for (const std::string& group : groups_of(groups, request)) member = member || among(rule.groups, group);
    if (!member) return false;
  }
  if (rule.networks.empty()) return true;
  if (!request.address) return rule.effect == Effect::kDeny;
  for (const IpNetwork& network : rule.networks) {
    bool same = true;
    for (std::size_t bit = 0; bit < network.prefix_bits; ++bit) {
      const auto of = [bit](const IpAddress& a) { return a.bytes[bit / 8] >> (7 - bit % 8) & 1; };
      same = same && of(network.address) == of(*request.address);
    }
    if (same) return true;
  }
  return false;
}

std::string reference(const std::vector<Rule>& rules, const std::vector<Group>& groups, const Request& request,
                      ChannelIndex what) {
  for (const Effect effect : {Effect::kDeny, Effect::kAllow}) {
    for (const Rule& rule : rules) {
      if (rule.effect == effect && among(rule.what, what) && rule_applies(rule, groups, request)) return rule.name;
    }
  }
  return "";
}

rc::Gen<std::string> name() { return rc::gen::elementOf(std::vector<std::string>{"a", "b", "c", "d"}); }
rc::Gen<std::vector<std::string>> few_names() {
  return rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(name()));
}
rc::Gen<ChannelIndex> channel() { return rc::gen::inRange<ChannelIndex>(0, 3); }

IpAddress random_address() {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;
  address.bytes[12] = *rc::gen::elementOf(std::vector<std::uint8_t>{10, 192});
  address.bytes[15] = *rc::gen::inRange<std::uint8_t>(0, 4);
  return address;
}

IpNetwork random_network() {
  const auto bits = *rc::gen::elementOf(std::vector<std::uint8_t>{0, 96, 97, 104, 127, 128});
  IpNetwork network{.address = random_address(), .prefix_bits = bits};
  for (std::size_t bit = bits; bit < 128; ++bit) {
    network.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return network;
}

Rule random_rule(std::size_t number) {
  Rule rule;
  rule.name = "rule " + std::to_string(number);
  rule.effect = *rc::gen::element(Effect::kAllow, Effect::kAllow, Effect::kDeny);
  rule.what = *rc::gen::nonEmpty(rc::gen::resize(3, rc::gen::container<std::vector<ChannelIndex>>(channel())));
  rule.users = *few_names();
  if (*rc::gen::inRange(0, 3) == 0) rule.groups = *few_names();
  if (*rc::gen::inRange(0, 3) == 0) rule.pools = *few_names();
  if (*rc::gen::inRange(0, 3) == 0) rule.networks.push_back(random_network());
  return rule;
}

Request random_request() {
  Request request;
  request.user = *name();
  request.groups = *few_names();
  request.pool = *name();
  if (*rc::gen::inRange(0, 4) != 0) request.address = random_address();
  return request;
}

// A hundred thousand decisions: a hundred policies, a thousand requests each.
TEST(PolicyProperty, DecidesAsTheReferenceDoes) {
  int allowed = 0;
  int denied_by_rule = 0;
  const auto property = [&allowed, &denied_by_rule] {
    std::vector<Rule> rules;
    const auto count = *rc::gen::inRange<std::size_t>(0, 12);
    for (std::size_t i = 0; i < count; ++i) rules.push_back(random_rule(i));
    const std::vector<Group> groups{{.name = "a", .members = *few_names()}, {.name = "b", .members = *few_names()}};
    const PolicySet policy(rules, groups);
    for (int i = 0; i < kRequestsPerPolicy; ++i) {
      const Request request = random_request();
      const ChannelIndex what = *channel();
      const Decision decision = policy.decide(request, what);
      const std::string expected = reference(rules, groups, request, what);
      RC_ASSERT(decision.rule == expected);
      const auto decider = std::ranges::find(rules, expected, &Rule::name);
      RC_ASSERT(decision.allowed == (decider != rules.end() && decider->effect == Effect::kAllow));
      allowed += decision.allowed ? 1 : 0;
      denied_by_rule += !decision.allowed && !expected.empty() ? 1 : 0;
    }
  };
  // A new seed every time; a failure prints it, with the smallest case.
  ASSERT_TRUE(rc::check("decide() agrees with the reference", property));
  EXPECT_GT(allowed, kDecisions / 100) << "the cases are not all of one kind";
  EXPECT_GT(denied_by_rule, kDecisions / 100) << "the cases are not all of one kind";
}

}  // namespace
}  // namespace tobari::policy
