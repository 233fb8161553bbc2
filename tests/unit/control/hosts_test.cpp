// SPDX-License-Identifier: GPL-3.0-or-later
// Leases, loss, return, and what a host reports.
#include "world.h"

namespace tobari::broker::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using HostsTest = World;

TEST_F(HostsTest, AGrantNamesTheRevisionThatTheHostMustHave) {
  const Desktop desktop = assigned(alice_, office_);
  const Node& there = desktop.host == one_.id ? one_ : two_;
  const Effects behind = renew(there, 0);
  ASSERT_EQ(behind.leases.size(), 1U);
  EXPECT_EQ(behind.leases.front().revision, host(there).revision);
  EXPECT_EQ(behind.leases.front().number, 1U);
  EXPECT_THAT(behind.changed, ElementsAre(there.id)) << "it is told again";
  EXPECT_THAT(renew(there, host(there).revision).changed, IsEmpty());
  EXPECT_EQ(host(there).lease, 2U);
}

TEST_F(HostsTest, SilenceCountsOnlyForTheLeaseThatWasSeen) {
  renew(one_);
  ASSERT_TRUE(run(HostSilent{one_.id, 0}).has_value());
  EXPECT_FALSE(host(one_).lost) << "it has renewed since";
  ASSERT_TRUE(run(HostSilent{one_.id, 1}).has_value());
  EXPECT_TRUE(host(one_).lost);
  ASSERT_TRUE(run(HostSilent{one_.id, 1}).has_value());
  EXPECT_EQ(audited("host.lost").size(), 1U);
  renew(one_);
  EXPECT_FALSE(host(one_).lost);
  EXPECT_THAT(audited("host.back"), ElementsAre(one_.id.str()));
}

TEST_F(HostsTest, AHostThatComesBackBeforeItsUserAskedKeepsTheDesktop) {
  const Desktop desktop = assigned(alice_, office_);
  const Node& there = desktop.host == one_.id ? one_ : two_;
  lose(there);
  renew(there);
  EXPECT_EQ(assigned(alice_, office_).id, desktop.id);
}

TEST_F(HostsTest, WhatWasDeletedIsForgottenWhenTheHostSaysSoAfterItWasTold) {
  const Desktop desktop = assigned(alice_, office_);
  const Node& there = desktop.host == one_.id ? one_ : two_;
  const std::uint64_t when_on = host(there).revision;
  ASSERT_TRUE(run(GiveBack{desktop.id, alice_.id, "logged off", {"alice"}}).has_value());
  ASSERT_TRUE(report(there, {}, when_on - 1).has_value());
  EXPECT_EQ(get([](const Reader& r) { return r.desktops(); }).size(), 1U) << "that report is of before";
  ASSERT_TRUE(report(there, {{desktop.id, 1}}).has_value());
  EXPECT_EQ(get([](const Reader& r) { return r.desktops(); }).size(), 1U) << "it is still there";
  const auto gone = report(there, {});
  EXPECT_THAT(gone->changed, ElementsAre(there.id));
  EXPECT_EQ(get([](const Reader& r) { return r.desktops(); }).size(), 0U);
  EXPECT_THAT(audited("desktop.removed"), ElementsAre(desktop.id.str()));
}

TEST_F(HostsTest, HigherEpochsAndRevisionsOfTheHostArePassed) {
  const Desktop desktop = assigned(alice_, office_);
  const Node& there = desktop.host == one_.id ? one_ : two_;
  const auto passed = report(there, {{desktop.id, 40}}, host(there).revision + 1000);
  ASSERT_TRUE(passed.has_value());
  EXPECT_THAT(passed->changed, ElementsAre(there.id));
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(desktop.id); }).epoch, 41U);
  EXPECT_GT(host(there).revision, kFirstRevision + 1000);
  ASSERT_TRUE(report(there, {{desktop.id, 3}}).has_value());
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(desktop.id); }).epoch, 41U) << "lower ones are only old";
}

TEST_F(HostsTest, DesktopsThatNobodyKnowsAreNamedAndLeftAlone) {
  const Desktop desktop = assigned(alice_, office_);
  const Node& other = desktop.host == one_.id ? two_ : one_;
  const SeenDesktop stranger{DesktopId::random(), 9};
  const auto seen = report(other, {stranger, {desktop.id, 99}});
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->unknown.size(), 2U) << "one that is another host's is none of this one";
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(desktop.id); }).epoch, desktop.epoch);
}

TEST_F(HostsTest, DrainingTakesSparesAndLeavesUsers) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 2, 6);
  sweep();
  const Desktop mine = assigned(alice_, pool);
  const Node& there = mine.host == one_.id ? one_ : two_;
  ASSERT_TRUE(run(SetHostMode{there.id, HostMode::kDraining, admin_}).has_value());
  ASSERT_TRUE(run(SetHostMode{there.id, HostMode::kDraining, admin_}).has_value());
  EXPECT_EQ(audited("host.drain").size(), 1U);
  sweep();
  EXPECT_EQ(assigned(alice_, pool).id, mine.id);
  ASSERT_EQ(spares(pool).size(), 2U);
  for (const Desktop& spare : spares(pool)) EXPECT_NE(spare.host, there.id);
}

TEST_F(HostsTest, AHostThatIsNoneIsNotRenewedAndNotLost) {
  EXPECT_THAT(run(LeasesAsked{{{HostId::random(), 1, 0}}})->leases, IsEmpty());
  EXPECT_TRUE(run(HostSilent{HostId::random(), 0}).has_value());
  EXPECT_EQ(run(HostReported{HostId::random(), 0, {}}).error().code, Errc::kNotFound);
}

// ---- what a report would change, by reading alone

class ReportLookTest : public World {
 protected:
  ReportLookTest() : desktop_(assigned(alice_, office_)), there_(desktop_.host == one_.id ? one_ : two_) {}
  ReportLook look(std::vector<SeenDesktop> desktops, std::uint64_t revision = ~0ULL) {
    const HostReported event{there_.id, revision == ~0ULL ? host(there_).revision : revision, std::move(desktops)};
    return get([&event](const Reader& r) { return look_at(r, event); });
  }

  const Desktop desktop_;
  const Node& there_;
};

TEST_F(ReportLookTest, WhatIsAsItShouldBeChangesNothing) {
  EXPECT_FALSE(look({{desktop_.id, desktop_.epoch}}).changes);
  EXPECT_FALSE(look({}).changes) << "it is not to be deleted";
}

TEST_F(ReportLookTest, HigherNumbersOfTheHostChangeSomething) {
  EXPECT_TRUE(look({{desktop_.id, desktop_.epoch + 1}}).changes);
  EXPECT_TRUE(look({}, host(there_).revision + 1).changes);
}

TEST_F(ReportLookTest, ALogOffChangesSomethingWhenItIsOfThisUser) {
  EXPECT_TRUE(look({{.id = desktop_.id, .epoch = desktop_.epoch, .logged_off = true}}).changes);
  EXPECT_FALSE(look({{.id = desktop_.id, .epoch = desktop_.epoch - 1, .logged_off = true}}).changes);
}

TEST_F(ReportLookTest, WhatWasDeletedChangesSomethingWhenItIsGoneAfterTheOrder) {
  const std::uint64_t before = host(there_).revision;
  ASSERT_TRUE(run(GiveBack{desktop_.id, alice_.id, "logged off", {"alice"}}).has_value());
  EXPECT_FALSE(look({{desktop_.id, desktop_.epoch}}).changes);
  EXPECT_FALSE(look({}, before).changes) << "of before it was told";
  EXPECT_TRUE(look({}).changes);
}

TEST_F(ReportLookTest, NamesWhatIsNotKnown) {
  const SeenDesktop stranger{DesktopId::random(), 3};
  const ReportLook seen = look({{desktop_.id, desktop_.epoch}, stranger});
  EXPECT_FALSE(seen.changes);
  ASSERT_EQ(seen.unknown.size(), 1U);
  EXPECT_EQ(seen.unknown.front().id, stranger.id);
}

TEST_F(ReportLookTest, OfAHostThatIsNoneNothingIsKnown) {
  const HostReported event{HostId::random(), 0, {}};
  EXPECT_EQ(store_.get([&event](const Reader& r) { return look_at(r, event); }).error().code, Errc::kNotFound);
}

// It says of every report what handle() then does.
TEST_F(ReportLookTest, AgreesWithWhatIsDone) {
  for (const std::uint64_t epoch : {desktop_.epoch, desktop_.epoch + 3}) {
    const bool changes = look({{desktop_.id, epoch}}).changes;
    const auto done = report(there_, {{desktop_.id, epoch}});
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(changes, !done->changed.empty());
  }
}

}  // namespace
}  // namespace tobari::broker::control
