// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/difference.h>

#include <gmock/gmock.h>

#include "named_channels.h"
#include "random_policy.h"

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using Kind = Difference::Kind;

constexpr auto kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + 12h;

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

TEST(Differences, AreWithinWhatIsFixed) {
  Rule rule = allow("narrow", kConnect, {"alice"});
  rule.who.pools = {"p"};
  rule.who.labels = {"l"};
  rule.conditions.networks = {IpNetwork::parse("10.0.0.0/8").value()};
  rule.conditions.clients = {{"x", {}}};
  rule.conditions.certificates = {{Sha256Bytes{1}, ""}};
  rule.conditions.mfa = {3, {}};
  rule.conditions.sessions = {1, {}};
  Window window;
  window.days.set(0);
  window.from = 8h;
  window.until = 9h;
  window.zone = std::make_shared<TimeZone>(TimeZone{.name = "Z", .offsets = {{.from = {}, .to_local = 0s}}});
  rule.conditions.windows = {window};
  const PolicySet policy({rule});
  EXPECT_THAT(compare(PolicySet(), policy), ElementsAre(difference("user alice", "connect", Kind::kGained, "narrow")));
  for (bool Comparison::* const fixed :
       {&Comparison::fix_pool, &Comparison::fix_labels, &Comparison::fix_address, &Comparison::fix_client,
        &Comparison::fix_certificate, &Comparison::fix_time, &Comparison::fix_mfa, &Comparison::fix_sessions}) {
    Comparison comparison;
    comparison.*fixed = true;
    EXPECT_THAT(compare(PolicySet(), policy, comparison), IsEmpty());
  }
}

TEST(Differences, OfADayThatNeverComesAreNone) {
  Rule rule = allow("never", kConnect, {"alice"});
  Window window;  // on no day
  window.until = 9h;
  window.zone = std::make_shared<TimeZone>(TimeZone{.name = "Z", .offsets = {{.from = {}, .to_local = 0s}}});
  rule.conditions.windows = {window};
  EXPECT_THAT(compare(PolicySet(), PolicySet({rule})), IsEmpty());
  Comparison timeless;
  timeless.usual = usual_request(kNow);
  timeless.usual.time.reset();
  EXPECT_THAT(differences(PolicySet(), PolicySet({rule}), timeless), IsEmpty());
}

TEST(Differences, OfUsbDevicesShowInTheCaseOfTheirRule) {
  Rule rule = allow("keys", find_channel("usb").value(), {"alice"});
  rule.conditions.usb = {{.device_class = 0x0b, .vendor = 0x1050, .product = 1, .serial = "7"}};
  EXPECT_THAT(compare(PolicySet(), PolicySet({rule})),
              ElementsAre(difference("user alice", "usb", Kind::kGained, "keys")));
}

TEST(Differences, OfLimitsAreChanges) {
  Rule narrow = allow("a", kPaste, {"alice"});
  narrow.limits.bytes_per_day = 10;
  const PolicySet before({allow("a", kPaste, {"alice"})});
  const auto found = compare(before, PolicySet({narrow}));
  ASSERT_THAT(found, ElementsAre(difference("user alice", "clipboard.to_guest", Kind::kChanged, "")));
  EXPECT_EQ(found[0].after.limits.bytes_per_day, 10U);
}

TEST(Differences, OfRequirementsAreChanges) {
  Rule strict = allow("a", kConnect, {"alice"});
  strict.require.visible_watermark = true;
  EXPECT_THAT(compare(PolicySet({allow("a", kConnect, {"alice"})}), PolicySet({strict})),
              ElementsAre(difference("user alice", "connect", Kind::kChanged, "")));
}

TEST(Differences, ThatAreNotTheSameAreAllListed) {
  const auto limited = [](const char* name, const char* pool, std::uint64_t bytes) {
    Rule rule = allow(name, kPaste, {"alice"});
    rule.who.pools = {pool};
    rule.limits.bytes_per_day = bytes;
    return rule;
  };
  const PolicySet two({limited("one", "p", 1), limited("two", "q", 2), limited("same as one", "r", 1)});
  EXPECT_THAT(compare(PolicySet(), two),
              ElementsAre(difference("user alice", "clipboard.to_guest", Kind::kGained, "one"),
                          difference("user alice", "clipboard.to_guest", Kind::kGained, "two")));
  EXPECT_THAT(compare(two, PolicySet()),
              ElementsAre(difference("user alice", "clipboard.to_guest", Kind::kLost, "one"),
                          difference("user alice", "clipboard.to_guest", Kind::kLost, "two")));
  const PolicySet moved({limited("one", "q", 1), limited("two", "p", 2)});
  EXPECT_THAT(compare(two, moved),
              ElementsAre(difference("user alice", "clipboard.to_guest", Kind::kChanged, "one"),
                          difference("user alice", "clipboard.to_guest", Kind::kChanged, "two"),
                          difference("user alice", "clipboard.to_guest", Kind::kLost, "same as one")));
}

TEST(Differences, OfTheNetworkInEachPoolAndLabel) {
  const auto rule = [](const char* name, Effect effect, Who who) {
    return NetworkRule{.name = name, .effect = effect, .who = std::move(who)};
  };
  const Who lab{.users = {}, .groups = {}, .pools = {"lab"}};
  const Who old{.users = {"alice"}, .groups = {}, .pools = {}, .labels = {"old"}};
  const PolicySet before({}, {}, {.egress = std::vector{rule("lab", Effect::kAllow, lab)}, .ingress = {}});
  const PolicySet after(
      {}, {},
      {.egress = std::vector{rule("old", Effect::kDeny, old), rule("more lab", Effect::kAllow, lab)}, .ingress = {}});
  EXPECT_THAT(compare(before, after), ElementsAre(difference("user alice", "egress", Kind::kChanged, "lab"),
                                                  difference("user alice", "egress", Kind::kChanged, "old"),
                                                  difference("somebody else", "egress", Kind::kChanged, "lab")));
}

TEST(Differences, OfTheNetworkThatHaveOneSideInCommonAreAllListed) {
  const auto of_pool = [](const char* name, const char* pool) {
    NetworkRule rule{.name = name, .effect = Effect::kAllow};
    rule.who.pools = {pool};
    return rule;
  };
  const PolicySet none({}, {}, {.egress = std::vector<NetworkRule>{}, .ingress = {}});
  const PolicySet two({}, {}, {.egress = std::vector{of_pool("one", "p"), of_pool("two", "q")}, .ingress = {}});
  const auto both = ElementsAre(difference("somebody else", "egress", Kind::kChanged, "one"),
                                difference("somebody else", "egress", Kind::kChanged, "two"));
  EXPECT_THAT(compare(none, two), both);
  EXPECT_THAT(compare(two, none), both);
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
