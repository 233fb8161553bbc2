// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/policy_set.h>

#include <gmock/gmock.h>

#include "named_channels.h"

namespace tobari::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr ChannelIndex kDrive = find_channel("drive").value();

Rule connect_rule(const char* name, Effect effect, ChannelIndex what = kConnect) {
  Rule out;
  out.name = name;
  out.line = 3;
  out.effect = effect;
  out.what = {what};
  return out;
}
Request request(const char* user) {
  Request out;
  out.user = user;
  return out;
}

TEST(Decide, DeniesWhatNoRuleAllows) {
  EXPECT_FALSE(decide(PolicySet(), request("alice"), "connect").allowed);
  const PolicySet policy({connect_rule("r", Effect::kAllow)}, {});
  EXPECT_FALSE(decide(policy, request("alice"), "drive").allowed);
  EXPECT_FALSE(decide(policy, request("alice"), "no.such.channel").allowed);
}

TEST(Decide, NamesTheRuleThatDecided) {
  const PolicySet policy({connect_rule("open", Effect::kAllow)});
  EXPECT_EQ(decide(policy, request("alice"), "connect"),
            (Decision{.allowed = true, .rule = "open", .line = 3, .reason = "rule 'open' allows it"}));
}

TEST(Decide, ADenialWinsWhereverItStands) {
  for (const bool first : {true, false}) {
    std::vector<Rule> rules{connect_rule("open", Effect::kAllow)};
    rules.insert(first ? rules.begin() : rules.end(), connect_rule("shut", Effect::kDeny));
    const Decision decision = decide(PolicySet(rules, {}), request("alice"), "connect");
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.rule, "shut");
  }
}

TEST(Decide, EveryConditionMustHold) {
  Rule narrow = connect_rule("narrow", Effect::kAllow);
  narrow.who.users = {"alice", "bob"};
  narrow.who.groups = {"traders"};
  narrow.who.pools = {"trading"};
  narrow.conditions.networks = {IpNetwork::parse("10.0.0.0/8").value()};
  const PolicySet policy({narrow}, {});
  const Request good{.user = "bob",
                     .groups = {"staff", "traders"},
                     .pool = "trading",
                     .desktop_id = {},
                     .address = IpAddress::parse("10.1.1.1")};
  EXPECT_TRUE(decide(policy, good, "connect").allowed);

  Request bad = good;
  bad.user = "carol";
  EXPECT_FALSE(decide(policy, bad, "connect").allowed);
  bad = good;
  bad.groups = {"staff"};
  EXPECT_FALSE(decide(policy, bad, "connect").allowed);
  bad = good;
  bad.pool = "office";
  EXPECT_FALSE(decide(policy, bad, "connect").allowed);
  bad = good;
  bad.address = IpAddress::parse("11.1.1.1");
  EXPECT_FALSE(decide(policy, bad, "connect").allowed);
}

TEST(Decide, GroupsOfTheFileAndOfTheDirectoryCount) {
  Rule traders = connect_rule("traders", Effect::kAllow);
  traders.who.groups = {"traders"};
  const PolicySet policy({traders}, {{.name = "traders", .users = {"bob", "alice"}}});
  EXPECT_TRUE(decide(policy, request("alice"), "connect").allowed);
  EXPECT_FALSE(decide(policy, request("carol"), "connect").allowed);
  Request directory = request("carol");
  directory.groups = {"traders"};
  EXPECT_TRUE(decide(policy, directory, "connect").allowed);
}

TEST(Decide, AnUnknownAddressIsDeniedButNotAllowedByNetworkRules) {
  Rule open = connect_rule("open", Effect::kAllow);
  open.conditions.networks = {IpNetwork::parse("0.0.0.0/0").value()};
  EXPECT_FALSE(decide(PolicySet({open}, {}), request("alice"), "connect").allowed);
  Rule shut = connect_rule("shut", Effect::kDeny);
  shut.conditions.networks = {IpNetwork::parse("192.0.2.0/24").value()};
  EXPECT_EQ(decide(PolicySet({connect_rule("any", Effect::kAllow), shut}, {}), request("alice"), "connect").rule,
            "shut");
}

TEST(MakeGrant, HoldsWhatIsAllowedAndAvailable) {
  Request asked = request("alice");
  asked.desktop_id = "d1";
  const PolicySet policy({connect_rule("open", Effect::kAllow), connect_rule("drives", Effect::kAllow, kDrive)}, {});
  const Grant grant = make_grant(policy, asked);
  EXPECT_EQ(grant.user, "alice");
  EXPECT_EQ(grant.desktop_id, "d1");
  EXPECT_THAT(grant.channels, ElementsAre(ChannelGrant{"connect", "open"})) << "no drive in this version";
}

TEST(MakeGrant, LeavesOutWhatIsNoPartOfASession) {
  const PolicySet policy({connect_rule("open", Effect::kAllow),
                          connect_rule("pictures", Effect::kAllow, find_channel("thumbnail").value())},
                         {});
  EXPECT_TRUE(decide(policy, request("alice"), "thumbnail").allowed);
  EXPECT_FALSE(decide(policy, request("alice"), "thumbnail.others").allowed) << "one's own is not everybody's";
  EXPECT_THAT(make_grant(policy, request("alice")).channels, ElementsAre(ChannelGrant{"connect", "open"}));
}

TEST(MakeGrant, SoundComesOutAndNoMicrophoneGetsIn) {
  constexpr ChannelIndex kRecord = find_channel("audio.record").value();
  const PolicySet policy({connect_rule("open", Effect::kAllow), connect_rule("hear", Effect::kAllow, kPlay),
                          connect_rule("speak", Effect::kAllow, kRecord)},
                         {});
  EXPECT_THAT(make_grant(policy, request("alice")).channels,
              ElementsAre(ChannelGrant{"connect", "open"}, ChannelGrant{"audio.play", "hear"}));
}

TEST(MakeGrant, IsEmptyForWhoMayNotConnect) {
  EXPECT_THAT(make_grant(PolicySet(), request("alice")).channels, IsEmpty());
}

TEST(Channels, HaveDifferentNames) {
  for (ChannelIndex i = 0; i < kChannels.size(); ++i) EXPECT_EQ(find_channel(kChannels[i].name), i);
}

}  // namespace
}  // namespace tobari::policy
