// SPDX-License-Identifier: GPL-3.0-or-later
// The laws of the language on random policies. TOBARI_POLICY_CASES=1000000 makes the long run, TOBARI_POLICY_SEED=N
// repeats one; a failure names its seed.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include <gmock/gmock.h>

#include "random_policy.h"
#include "reference_evaluator.h"

namespace tobari::policy {
namespace {

constexpr int kRequestsPerPolicy = 50;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Calls `one` with the dice of each policy until there were enough cases, another seed every time.
template <class One>
void for_cases(const One& one) {
  const std::uint64_t cases = setting("TOBARI_POLICY_CASES", 20'000);
  const std::uint64_t first = setting("TOBARI_POLICY_SEED", std::random_device()());
  for (std::uint64_t i = 0; i < cases / kRequestsPerPolicy && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("TOBARI_POLICY_SEED=" + std::to_string(first + i));
    Dice dice(first + i);
    one(dice);
  }
}

Decision without_words(Decision decision) {
  decision.line = 0;
  decision.reason.clear();
  return decision;
}
std::string worded(const Decision& d) { return (d.allowed ? "allowed by '" : "denied by '") + d.rule + "'"; }

TEST(PolicyProperty, DecidesAsTheReferenceDoes) {
  int cases = 0;
  int allowed = 0;
  int denied_by_rule = 0;
  int limited = 0;
  for_cases([&](Dice& dice) {
    const RandomPolicy random = random_policy(dice);
    const PolicySet policy(random.rules, random.groups);
    for (int i = 0; i < kRequestsPerPolicy; ++i) {
      const Request request = random_request(dice);
      const ChannelIndex what = random_channel(dice);
      const Decision decision = without_words(policy.decide(request, what));
      const Decision expected = reference_decision(random, request, what);
      ASSERT_EQ(decision, expected) << worded(decision) << ", expected: " << worded(expected) << ", request " << i;
      ++cases;
      allowed += decision.allowed ? 1 : 0;
      denied_by_rule += !decision.allowed && !expected.rule.empty() ? 1 : 0;
      limited += decision.limits != Limits{} ? 1 : 0;
    }
  });
  EXPECT_GT(allowed, cases / 20) << "the cases are not all of one kind";
  EXPECT_GT(denied_by_rule, cases / 20) << "the cases are not all of one kind";
  EXPECT_GT(limited, cases / 50) << "the cases are not all of one kind";
}

// Limits and obligations are a lattice: joined with `more`, nothing of `less` is left out.
bool holds_all_of(const Decision& more, const Decision& less) {
  Limits limits = more.limits;
  limits.tighten(less.limits);
  Obligations require = more.require;
  require.add(less.require);
  return limits == more.limits && require == more.require;
}

TEST(PolicyProperty, TheOrderOfRulesDoesNotMatter) {
  for_cases([](Dice& dice) {
    const RandomPolicy random = random_policy(dice);
    std::vector<Rule> turned = random.rules;
    for (std::size_t i = turned.size(); i > 1; --i)
      std::swap(turned[i - 1], turned[dice.roll(static_cast<std::uint32_t>(i))]);
    const PolicySet policy(random.rules, random.groups);
    const PolicySet other(turned, random.groups);
    for (int i = 0; i < kRequestsPerPolicy; ++i) {
      const Request request = random_request(dice);
      const ChannelIndex what = random_channel(dice);
      Decision a = policy.decide(request, what);
      Decision b = other.decide(request, what);
      ASSERT_EQ(a.allowed, b.allowed);
      std::ranges::sort(a.require.notices);
      std::ranges::sort(b.require.notices);
      ASSERT_EQ(a.limits, b.limits);
      ASSERT_EQ(a.require, b.require);
    }
  });
}

TEST(PolicyProperty, AnotherRuleNeverLoosensWhatIsAllowed) {
  for_cases([](Dice& dice) {
    const RandomPolicy random = random_policy(dice);
    std::vector<Rule> more = random.rules;
    more.push_back(random_rule(dice, more.size()));
    const PolicySet policy(random.rules, random.groups);
    const PolicySet wider(more, random.groups);
    for (int i = 0; i < kRequestsPerPolicy; ++i) {
      const Request request = random_request(dice);
      const ChannelIndex what = random_channel(dice);
      const Decision before = policy.decide(request, what);
      const Decision after = wider.decide(request, what);
      if (before.allowed && after.allowed) {
        ASSERT_TRUE(holds_all_of(after, before)) << worded(before);
      }
      if (!before.allowed && after.allowed) {
        ASSERT_TRUE(before.rule.empty()) << "only what no rule spoke of can be opened by one more";
      }
    }
  });
}

TEST(PolicyProperty, WhatIsNotKnownNeverAllows) {
  for_cases([](Dice& dice) {
    const RandomPolicy random = random_policy(dice);
    const PolicySet policy(random.rules, random.groups);
    for (int i = 0; i < kRequestsPerPolicy; ++i) {
      const Request request = random_request(dice);
      const ChannelIndex what = random_channel(dice);
      const Decision known = policy.decide(request, what);
      Request forgotten = request;
      forgotten.groups_known = false;
      forgotten.pool.reset();
      forgotten.labels.reset();
      forgotten.address.reset();
      forgotten.client_kind.reset();
      forgotten.client_version.reset();
      forgotten.certificate.reset();
      forgotten.time.reset();
      forgotten.mfa_level.reset();
      forgotten.sessions.reset();
      forgotten.usb.reset();
      // A permission with narrower limits may no longer apply, so that a lack of common formats may go away.
      const bool had_no_format = !known.allowed && known.reason.ends_with("allow");
      if (policy.decide(forgotten, what).allowed) {
        ASSERT_TRUE(known.allowed || had_no_format);
      }
    }
  });
}

}  // namespace
}  // namespace tobari::policy
