// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

namespace tobari::broker::control {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using AssignTest = World;

TEST_F(AssignTest, AFirstRequestMakesADesktopOnRecordAndTellsItsHost) {
  const auto effects = assign(alice_, office_);
  ASSERT_TRUE(effects.has_value()) << describe(effects.error());
  const Desktop desktop = *effects->assigned;
  EXPECT_EQ(desktop.user, alice_.id);
  EXPECT_EQ(desktop.power, Power::kOn);
  EXPECT_EQ(desktop.name, "office-" + desktop.id.str().substr(0, 8));
  EXPECT_THAT(effects->changed, ElementsAre(desktop.host));
  EXPECT_THAT(audited("desktop.assign"), ElementsAre(desktop.id.str()));
}

TEST_F(AssignTest, WhoHasOneGetsThatOneWhateverIsAskedAndNothingIsWrittenTwice) {
  const Desktop first = assigned(alice_, office_);
  EXPECT_EQ(assigned(alice_, office_).id, first.id);
  EXPECT_EQ(audited("desktop.assign").size(), 1U);
  EXPECT_NE(assigned(bob_, office_).id, first.id);
}

TEST_F(AssignTest, TheSameRequestAgainGetsTheSameAnswerAndNeverASecondDesktop) {
  const RequestId request = RequestId::random();
  const Desktop first = assigned(alice_, office_, request);
  EXPECT_EQ(assigned(alice_, office_, request).id, first.id);
  ASSERT_TRUE(run(GiveBack{first.id, alice_.id, "logged off", {"alice"}}).has_value());
  // Delayed on its way: the user has logged off since, and must not get a desktop that nobody asked for.
  const auto late = assign(alice_, office_, request);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kCancelled);
  EXPECT_NE(assigned(alice_, office_).id, first.id);
}

TEST_F(AssignTest, ASpareThatRunsComesFirstAndIsReplaced) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 2, 5);
  sweep();
  const auto before = spares(pool);
  ASSERT_EQ(before.size(), 2U);
  facts_.running = {before[1].id};
  const auto effects = assign(alice_, pool);
  EXPECT_EQ(effects->assigned->id, before[1].id);
  EXPECT_EQ(effects->assigned->epoch, before[1].epoch + 1);
  EXPECT_TRUE(effects->more);
  sweep();
  EXPECT_EQ(spares(pool).size(), 2U);
}

TEST_F(AssignTest, ASpareOnAHostThatIsAwayLostOrDrainingIsNotGiven) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 1, 5);
  sweep();
  const Desktop spare = spares(pool).front();
  const Node& there = spare.host == one_.id ? one_ : two_;
  away(there);
  EXPECT_NE(assigned(alice_, pool).id, spare.id);
  connect(there);
  ASSERT_TRUE(run(SetHostMode{there.id, HostMode::kDraining, admin_}).has_value());
  EXPECT_NE(assigned(bob_, pool).id, spare.id);
  ASSERT_TRUE(run(SetHostMode{there.id, HostMode::kReady, admin_}).has_value());
  lose(there);
  EXPECT_NE(assigned(carol_, pool).id, spare.id);
}

TEST_F(AssignTest, AFullPoolSaysSo) {
  for (const User& user : {alice_, bob_, carol_}) ASSERT_FALSE(assigned(user, office_).id.empty());
  User dora{UserId::random(), "dora", Role::kUser, ""};
  ASSERT_TRUE(store_.transact([&](Writer& w) { return w.add_user(dora); }).has_value());
  const auto refused = assign(dora, office_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("has 3 desktops, which is its maximum"));
}

TEST_F(AssignTest, WithoutAHostTheAnswerSaysWhatEachLacks) {
  away(one_);
  ASSERT_TRUE(run(SetHostMode{two_.id, HostMode::kDraining, admin_}).has_value());
  const auto refused = assign(alice_, office_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("host-1 is not connected; host-2 is draining"));
  EXPECT_EQ(get([](const Reader& r) { return r.desktops(); }).size(), 0U);
}

TEST_F(AssignTest, AClosedPoolKeepsWhoIsInAndTakesNobodyNew) {
  const Desktop first = assigned(alice_, office_);
  office_.open = false;
  ASSERT_TRUE(run(ChangePool{office_, admin_}).has_value());
  EXPECT_EQ(assigned(alice_, office_).id, first.id);
  EXPECT_EQ(assign(bob_, office_).error().code, Errc::kPermissionDenied);
}

TEST_F(AssignTest, OnlyAHostThatIsLostIsReplacedNotOneThatIsAway) {
  const Desktop first = assigned(alice_, office_);
  const Node& there = first.host == one_.id ? one_ : two_;
  const auto connected = [this](const DesktopId& desktop, const HostId& host) {
    Session session;
    session.id = SessionId::random();
    session.desktop = desktop;
    session.user = alice_.id;
    session.user_name = "alice";
    session.host = host;
    session.state = SessionState::kConnected;
    session.routing_sha256 = session.id.str();
    EXPECT_TRUE(store_.transact([&session](Writer& w) { return w.add_session(session); }).has_value());
    return session.id;
  };
  const SessionId shown = connected(first.id, first.host);
  const SessionId another = connected(DesktopId::random(), two_.id);
  away(there);
  EXPECT_EQ(assigned(alice_, office_).id, first.id) << "it may be running there";
  lose(there);
  const auto effects = assign(alice_, office_);
  EXPECT_NE(effects->assigned->id, first.id);
  EXPECT_NE(effects->assigned->host, first.host);
  ASSERT_EQ(effects->ended.size(), 1U);
  EXPECT_EQ(effects->ended.front().desktop, first.id);
  EXPECT_THAT(audited("desktop.move"), ElementsAre(first.id.str()));
  const Desktop old = get([&](const Reader& r) { return r.desktop(first.id); });
  EXPECT_EQ(old.power, Power::kDeleted);
  EXPECT_GT(old.epoch, first.epoch);
  const auto state_of = [this](const SessionId& id) {
    return get([&](const Reader& r) { return r.session(id); }).state;
  };
  EXPECT_EQ(state_of(shown), SessionState::kEnded) << "its host may never say so";
  EXPECT_EQ(state_of(another), SessionState::kConnected);
}

TEST_F(AssignTest, ADedicatedDesktopStaysWhereItsDiskIs) {
  const Pool pool = add_pool("own", PoolKind::kDedicated);
  const Desktop first = assigned(alice_, pool);
  const Node& there = first.host == one_.id ? one_ : two_;
  away(there);
  lose(there);
  EXPECT_EQ(assigned(alice_, pool).id, first.id);
  const auto kept = run(GiveBack{first.id, alice_.id, "logged off", {"alice"}});
  EXPECT_EQ(kept.error().code, Errc::kInvalidArgument);
}

TEST_F(AssignTest, GivingBackIsForItsUserAndOnceAsOften) {
  const Desktop desktop = assigned(alice_, office_);
  EXPECT_TRUE(run(GiveBack{desktop.id, bob_.id, "not mine", {"bob"}}).has_value());
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(desktop.id); }).user, alice_.id);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(run(GiveBack{desktop.id, alice_.id, "logged off", {"alice"}}).has_value());
  EXPECT_THAT(audited("desktop.release"), ElementsAre(desktop.id.str()));
  EXPECT_TRUE(run(GiveBack{DesktopId::random(), alice_.id, "logged off", {"alice"}}).has_value());
}

TEST_F(AssignTest, AManualPoolHasWhatWasPutIn) {
  const Pool pool = add_pool("old-machines", PoolKind::kManual);
  EXPECT_EQ(assign(alice_, pool).error().code, Errc::kNotFound);
  Desktop own;
  own.id = DesktopId::random();
  own.name = "pc-7";
  own.user = bob_.id;
  own.host = one_.id;
  own.image = "debian";
  ASSERT_TRUE(store_.transact([&](Writer& w) { return w.add_desktop(own); }).has_value());
  const Ending told{.at = Time{} + std::chrono::hours(1), .how = EndHow::kLogOff};
  ASSERT_TRUE(store_.transact([&](Writer& w) { return w.set_ending(own.id, told); }).has_value());
  const auto put = run(PutInPool{own.id, pool.id, alice_.id, admin_});
  ASSERT_TRUE(put.has_value()) << describe(put.error());
  EXPECT_EQ(put->ended.size(), 1U) << "bob may still be looking at it";
  EXPECT_EQ(assigned(alice_, pool).id, own.id);
  const Desktop hers = get([&](const Reader& r) { return r.desktop(own.id); });
  EXPECT_EQ(hers.epoch, own.epoch + 1) << "its host ends what bob has there, also when nobody tells it to";
  EXPECT_EQ(hers.power, own.power) << "and leaves the machine as it is";
  EXPECT_FALSE(hers.ending) << "bob was to be logged off, not she";
  ASSERT_TRUE(run(PutInPool{own.id, pool.id, alice_.id, admin_}).has_value());
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(own.id); }).epoch, hers.epoch) << "it is hers already";
  EXPECT_EQ(run(PutInPool{own.id, office_.id, alice_.id, admin_}).error().code, Errc::kInvalidArgument);
  const Desktop floating = assigned(alice_, office_);
  EXPECT_EQ(run(PutInPool{floating.id, pool.id, alice_.id, admin_}).error().code, Errc::kAlreadyExists);
  EXPECT_THAT(audited("desktop.assign"), Contains(own.id.str()));
}

}  // namespace
}  // namespace tobari::broker::control
