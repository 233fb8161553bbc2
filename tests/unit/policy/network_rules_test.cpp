// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/network_rules.h>

#include <gmock/gmock.h>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Optional;

NetworkRule rule(const char* name, Effect effect, Who who = {}) {
  return {.name = name, .effect = effect, .who = std::move(who)};
}
auto named(const char* name) { return Field(&NetworkEntry::rule, name); }

TEST(DesktopNetwork, OfAPolicyThatDoesNotSpeakOfItIsAbsent) {
  EXPECT_EQ(PolicySet().desktop_network({.user = "alice"}), DesktopNetwork{});
  const PolicySet policy({}, {}, {.egress = std::vector<NetworkRule>{}, .ingress = {}});
  EXPECT_THAT(policy.desktop_network({.user = "alice"}).egress, Optional(IsEmpty())) << "everything is denied";
  EXPECT_EQ(policy.desktop_network({.user = "alice"}).ingress, std::nullopt);
}

TEST(DesktopNetwork, HoldsWhatAppliesDenialsFirst) {
  Who traders;
  traders.groups = {"traders"};
  Who lab;
  lab.pools = {"lab"};
  const PolicySet policy({}, {{.name = "traders", .users = {"alice"}}},
                         {.egress = std::vector{rule("market", Effect::kAllow, traders), rule("never", Effect::kDeny),
                                                rule("lab", Effect::kAllow, lab), rule("updates", Effect::kAllow)},
                          .ingress = std::vector{rule("no lab", Effect::kDeny, lab)}});
  const DesktopNetwork alices = policy.desktop_network({.user = "alice", .groups = {}, .pool = "floor"});
  EXPECT_THAT(alices.egress, Optional(ElementsAre(named("never"), named("market"), named("updates"))));
  EXPECT_THAT(alices.ingress, Optional(IsEmpty()));
  const DesktopNetwork unknown = policy.desktop_network({.user = "bob"});
  EXPECT_THAT(unknown.egress, Optional(ElementsAre(named("never"), named("updates"))));
  EXPECT_THAT(unknown.ingress, Optional(ElementsAre(named("no lab")))) << "a pool that is not known denies";
}

TEST(DesktopNetwork, IsOfTheUserInWhoseHandsItIs) {
  Who alice;
  alice.users = {"alice"};
  const PolicySet policy({}, {}, {.egress = std::vector{rule("hers", Effect::kAllow, alice)}, .ingress = {}});
  EXPECT_THAT(policy.desktop_network({.user = "alice"}).egress, Optional(ElementsAre(named("hers"))));
  EXPECT_THAT(policy.desktop_network({.user = "bob"}).egress, Optional(IsEmpty()));
}

TEST(DesktopNetwork, CarriesTheTraffic) {
  NetworkRule web = rule("web", Effect::kAllow);
  web.traffic = {.protocol = Protocol::kTcp,
                 .networks = {IpNetwork::parse("10.0.0.0/8").value()},
                 .domains = {"www.example.com"},
                 .ports = {{443, 443}, {8000, 8100}}};
  const PolicySet policy({}, {}, {.egress = std::vector{web}, .ingress = {}});
  EXPECT_THAT(policy.desktop_network({.user = "alice"}).egress,
              Optional(ElementsAre(NetworkEntry{.rule = "web", .effect = Effect::kAllow, .traffic = web.traffic})));
}

}  // namespace
}  // namespace tobari::policy
