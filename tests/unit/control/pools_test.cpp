// SPDX-License-Identifier: GPL-3.0-or-later
// Pools, and what the sweep keeps of them.
#include "world.h"

namespace tobari::broker::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using PoolsTest = World;

TEST_F(PoolsTest, SparesFillUpToWhatIsWantedAndNoFurtherThanTheMaximum) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 2, 3);
  const Effects made = sweep();
  EXPECT_EQ(spares(pool).size(), 2U);
  EXPECT_FALSE(made.changed.empty());
  assigned(alice_, pool);
  assigned(bob_, pool);
  sweep();
  EXPECT_EQ(spares(pool).size(), 1U) << "three at most";
  EXPECT_EQ(audited("desktop.create").size(), 3U);
}

TEST_F(PoolsTest, TheMinimumIsKeptWhoeverHasThem) {
  Pool pool = add_pool("lab", PoolKind::kFloating, 0, 5);
  pool.min = 2;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep();
  EXPECT_EQ(spares(pool).size(), 2U);
  assigned(alice_, pool);
  sweep();
  EXPECT_EQ(spares(pool).size(), 1U);
}

TEST_F(PoolsTest, ASweepMakesNoMoreThanItHasIdsForAndSaysThatMoreIsToDo) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, kMaxMadePerSweep + 2, 40);
  EXPECT_TRUE(sweep().more);
  EXPECT_EQ(spares(pool).size(), kMaxMadePerSweep);
  EXPECT_FALSE(sweep().more);
  EXPECT_EQ(spares(pool).size(), kMaxMadePerSweep + 2);
}

TEST_F(PoolsTest, WithoutRoomTheSweepWaits) {
  away(one_);
  away(two_);
  const Pool pool = add_pool("lab", PoolKind::kFloating, 2, 3);
  EXPECT_FALSE(sweep().more);
  EXPECT_TRUE(spares(pool).empty());
  connect(one_);
  sweep();
  EXPECT_EQ(spares(pool).size(), 2U);
}

TEST_F(PoolsTest, DesktopsAreOfTheKindOfMachineThatTheirPoolSays) {
  Pool pool = add_pool("light", PoolKind::kFloating, 1, 4);
  sweep();
  EXPECT_EQ(spares(pool).front().machine, Machine::kVm);
  pool.machine = Machine::kContainer;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep();
  sweep();
  ASSERT_EQ(spares(pool).size(), 1U);
  EXPECT_EQ(spares(pool).front().machine, Machine::kContainer) << "made anew";
  EXPECT_EQ(assigned(alice_, pool).machine, Machine::kContainer);
}

TEST_F(PoolsTest, SparesOfAnEarlierImageAreReplacedAndUsersKeepTheirs) {
  Pool pool = add_pool("lab", PoolKind::kFloating, 1, 4);
  sweep();
  const Desktop mine = assigned(alice_, pool);
  sweep();
  const Desktop before = spares(pool).front();
  pool.memory_mib = 1024;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep();
  ASSERT_EQ(spares(pool).size(), 1U);
  EXPECT_NE(spares(pool).front().id, before.id);
  EXPECT_EQ(spares(pool).front().memory_mib, 1024U);
  EXPECT_EQ(assigned(alice_, pool).id, mine.id);
}

TEST_F(PoolsTest, FewerSparesAreRetired) {
  Pool pool = add_pool("lab", PoolKind::kFloating, 3, 4);
  sweep();
  pool.spares = 1;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep();
  EXPECT_EQ(spares(pool).size(), 1U);
  EXPECT_EQ(audited("desktop.retire").size(), 2U);
}

// A broker that had counted, and was stopped before it decided, ended the desktop of somebody who had come back.
TEST_F(PoolsTest, WhoHasComeBackSinceItWasCountedKeepsTheirDesktop) {
  const Desktop desktop = assigned(alice_, office_);
  Session session;
  session.id = SessionId::random();
  session.desktop = desktop.id;
  session.user = alice_.id;
  session.host = desktop.host;
  session.created_at = clock_.wall();
  session.offer_expires_at = clock_.wall() + std::chrono::seconds(60);
  session.routing_sha256 = "route";
  ASSERT_TRUE(store_.transact([&session](Writer& w) { return w.add_session(session); }).has_value());
  sweep({{desktop.id, std::chrono::hours(2)}});
  EXPECT_EQ(assigned(alice_, office_).id, desktop.id);

  clock_.advance(std::chrono::minutes(2));  // the offer is over, and nobody has come
  sweep({{desktop.id, std::chrono::hours(2)}});
  EXPECT_NE(assigned(alice_, office_).id, desktop.id);
}

TEST_F(PoolsTest, AFloatingDesktopEndsWhenNobodyWasConnectedForThePoolsTime) {
  const Desktop desktop = assigned(alice_, office_);
  sweep({{desktop.id, std::chrono::minutes(59)}});
  EXPECT_EQ(assigned(alice_, office_).id, desktop.id);
  const Effects ended = sweep({{desktop.id, std::chrono::minutes(60)}, {DesktopId::random(), std::chrono::hours(9)}});
  EXPECT_EQ(ended.ended.size(), 1U);
  EXPECT_THAT(audited("desktop.release"), ElementsAre(desktop.id.str()));
  EXPECT_NE(assigned(alice_, office_).id, desktop.id);
}

TEST_F(PoolsTest, APoolGoesAwayWithItsLastDesktop) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 1, 4);
  sweep();
  const Desktop mine = assigned(alice_, pool);
  const auto refused = run(RemovePool{pool.id, admin_});
  EXPECT_EQ(refused.error().code, Errc::kAlreadyExists);
  EXPECT_THAT(refused.error().message, HasSubstr("1 desktops of pool lab belong to users"));
  ASSERT_TRUE(run(GiveBack{mine.id, alice_.id, "logged off", {"alice"}}).has_value());
  sweep();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(run(RemovePool{pool.id, admin_}).has_value());
  EXPECT_EQ(assign(bob_, pool).error().code, Errc::kPermissionDenied);
  sweep();
  sweep();
  EXPECT_EQ(get([](const Reader& r) { return r.pools(); }).size(), 2U) << "the host has not said yet that all is gone";
  for (const Node& node : {one_, two_}) ASSERT_TRUE(report(node, {}).has_value());
  sweep();
  EXPECT_EQ(get([](const Reader& r) { return r.pools(); }).size(), 1U);
  EXPECT_THAT(audited("pool.removed"), ElementsAre(pool.id.str()));
}

TEST_F(PoolsTest, NamesAreUniqueAndAKindIsForGood) {
  Pool twin = office_;
  twin.id = PoolId::random();
  EXPECT_EQ(run(AddPool{twin, admin_}).error().code, Errc::kAlreadyExists);
  Pool changed = office_;
  changed.kind = PoolKind::kManual;
  ASSERT_TRUE(run(ChangePool{changed, admin_}).has_value());
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).kind, PoolKind::kFloating);
  changed.id = PoolId::random();
  EXPECT_EQ(run(ChangePool{changed, admin_}).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace tobari::broker::control
