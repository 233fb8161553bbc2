// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/difference.h>

#include <gmock/gmock.h>

#include "random_policy.h"

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using Kind = Difference::Kind;

constexpr ChannelIndex kConnect = find_channel("connect").value();
constexpr ChannelIndex kPaste = find_channel("clipboard.to_guest").value();
constexpr auto kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + 12h;

Rule allow(const char* name, ChannelIndex what, std::vector<std::string> users = {}) {
  return {.name = name, .effect = Effect::kAllow, .what = {what}, .who = {.users = std::move(users)}};
}
auto difference(const char* subject, const char* what, Kind kind, const char* in_case) {
  return AllOf(Field(&Difference::subject, subject), Field(&Difference::what, what), Field(&Difference::kind, kind),
               Field(&Difference::in_case, in_case));
}
std::vector<Difference> compare(const PolicySet& before, const PolicySet& after, Comparison comparison = {}) {
  comparison.usual = usual_request(kNow);
  return differences(before, after, comparison);
}

TEST(Differences, OfTheSamePolicyAreNone) {
  Dice dice(1);
  for (int i = 0; i < 50; ++i) {
    const RandomPolicy random = random_policy(dice);
    EXPECT_THAT(compare(PolicySet(random.rules, random.groups), PolicySet(random.rules, random.groups)), IsEmpty());
  }
}

TEST(Differences, NameWhoGainsAndWhoLoses) {
  const PolicySet before({allow("a", kConnect, {"alice", "bob"})});
  const PolicySet after({allow("a", kConnect, {"bob", "carol"})});
  EXPECT_THAT(compare(before, after), ElementsAre(difference("user alice", "connect", Kind::kLost, ""),
                                                  difference("user carol", "connect", Kind::kGained, "")));
  EXPECT_THAT(compare(before, after, {.users = {"carol"}, .usual = {}}),
              ElementsAre(difference("user carol", "connect", Kind::kGained, "")));
}

TEST(Differences, AreOfEverybodyElseToo) {
  EXPECT_THAT(compare(PolicySet(), PolicySet({allow("a", kConnect)})),
              ElementsAre(difference("somebody else", "connect", Kind::kGained, "")));
}

TEST(Differences, AreOfGroupsThatADirectoryFills) {
  Rule rule = allow("a", kConnect);
  rule.who.groups = {"ldap"};
  EXPECT_THAT(compare(PolicySet(), PolicySet({rule})),
              ElementsAre(difference("somebody in group ldap", "connect", Kind::kGained, "")));
}

TEST(Differences, ShowInTheCaseOfTheRuleWhateverItsCondition) {
  const std::vector<std::function<void(Conditions&)>> conditions{
      [](Conditions& c) { c.networks = {IpNetwork::parse("10.0.0.0/8").value()}; },
      [](Conditions& c) { c.clients = {{"x", Range<ClientVersion>{ClientVersion{{2}}, {}}}}; },
      [](Conditions& c) { c.clients = {{"x", {}}}; },
      [](Conditions& c) { c.certificates = {{Sha256Bytes{1}, ""}}; },
      [](Conditions& c) { c.mfa = {3, {}}; },
      [](Conditions& c) { c.sessions = {1, 4}; },
      [](Conditions& c) {
        Window window;
        window.days.set(0);  // Sunday
        window.from = 8h;
        window.until = 9h;
        window.zone = std::make_shared<TimeZone>(TimeZone{.name = "Z", .offsets = {{.from = {}, .to_local = 9h}}});
        c.windows = {window};
      }};
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    Rule rule = allow("narrow", kConnect, {"alice"});
    conditions[i](rule.conditions);
    EXPECT_THAT(compare(PolicySet(), PolicySet({rule})),
                ElementsAre(difference("user alice", "connect", Kind::kGained, "narrow")))
        << i;
  }
  Rule rule = allow("narrow", kConnect, {"alice"});
  rule.who.pools = {"p"};
  rule.who.labels = {"l"};
  EXPECT_THAT(compare(PolicySet(), PolicySet({rule})),
              ElementsAre(difference("user alice", "connect", Kind::kGained, "narrow")));
  EXPECT_THAT(compare(PolicySet(), PolicySet({rule}), {.users = {}, .usual = {}, .fix_pool = true}), IsEmpty())
      << "in no pool, whatever the rule wants";
}

TEST(Differences, OfLimitsAreChanges) {
  Rule narrow = allow("a", kPaste, {"alice"});
  narrow.limits.bytes_per_day = 10;
  const PolicySet before({allow("a", kPaste, {"alice"})});
  const auto found = compare(before, PolicySet({narrow}));
  ASSERT_THAT(found, ElementsAre(difference("user alice", "clipboard.to_guest", Kind::kChanged, "")));
  EXPECT_EQ(found[0].after.limits.bytes_per_day, 10U);
}

TEST(Differences, OfTheNetwork) {
  const NetworkRule web{.name = "web", .effect = Effect::kAllow};
  NetworkRule lab{.name = "lab", .effect = Effect::kAllow};
  lab.who.pools = {"lab"};
  const PolicySet before({}, {}, {.egress = std::vector{web}, .ingress = {}});
  const PolicySet after({}, {}, {.egress = std::vector{web, lab}, .ingress = std::vector<NetworkRule>{}});
  const auto found = compare(before, after);
  ASSERT_THAT(found, ElementsAre(difference("somebody else", "egress", Kind::kChanged, "lab"),
                                 difference("somebody else", "ingress", Kind::kChanged, "")));
  EXPECT_THAT(found[0].rules_after, ElementsAre("web", "lab"));
  EXPECT_THAT(found[1].rules_before, ElementsAre("(not filtered)"));
  EXPECT_THAT(found[1].rules_after, IsEmpty());
}

}  // namespace
}  // namespace tobari::policy
