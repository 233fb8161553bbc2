// SPDX-License-Identifier: GPL-3.0-or-later
// A user's disk is in one desktop at a time, whatever becomes of hosts.
#include "control/user_disks.h"

#include "world.h"

namespace tobari::broker::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UserDisksTest : public World {
 protected:
  Pool pool_with(const std::string& disk, const std::string& name = "lab", PoolKind kind = PoolKind::kFloating) {
    Pool pool = add_pool(name, kind, 0, 10);
    pool.plan = R"({"disk":)" + disk + "}";
    const auto changed = run(ChangePool{pool, admin_});
    EXPECT_TRUE(changed.has_value()) << describe(changed.error());
    return pool;
  }
  UserDisk home() {
    return get([this](const Reader& r) { return r.user_disk_named(alice_.id, "home"); });
  }
  // Her desktop is given back, and its host says that it is gone.
  void log_off_and_forget(const Desktop& desktop) {
    ASSERT_TRUE(run(GiveBack{desktop.id, alice_.id, "logged off", {"alice"}}).has_value());
    ASSERT_TRUE(report(there(desktop), {}).has_value());
  }
  const Node& there(const Desktop& desktop) { return desktop.host == one_.id ? one_ : two_; }
  const Node& elsewhere(const Desktop& desktop) { return desktop.host == one_.id ? two_ : one_; }
  LifeFacts life(const Node& node) {
    return get([&](const Reader& r) -> Result<LifeFacts> {
      TOBARI_ASSIGN(const auto desktops, r.desktops_on_host(node.id));
      TOBARI_ASSIGN(const auto pools, r.pools());
      return life_facts(r, node.id, desktops, pools, clock_.wall());
    });
  }
  void reach(const std::string& storage) {
    for (auto& [id, each] : facts_.connected) each.storages = {storage};
  }

  static constexpr const char* kLocal = R"({"size_gib":20})";
  static constexpr const char* kShared = R"({"size_gib":20,"storage":"nas"})";
  static constexpr const char* kFolder = R"({"size_gib":20,"kind":"folder"})";
};

TEST_F(UserDisksTest, ComesWithTheFirstDesktopAndItsHostIsTold) {
  const Pool pool = pool_with(kLocal);
  const Desktop mine = assigned(alice_, pool);
  EXPECT_EQ(home().holder, mine.id);
  EXPECT_EQ(home().host, mine.host);
  EXPECT_FALSE(home().made);
  const LifeFacts told = life(there(mine));
  ASSERT_THAT(told.desktops.at(mine.id).disks, SizeIs(1));
  EXPECT_EQ(told.desktops.at(mine.id).disks.front().id, home().id);
  EXPECT_TRUE(told.desktops.at(mine.id).takes_disk);
  EXPECT_THAT(audited("disk.create"), ElementsAre(home().id.str()));
}

TEST_F(UserDisksTest, IsNotFreeBeforeItsDesktopIsGone) {
  const Pool pool = pool_with(kLocal);
  const Desktop first = assigned(alice_, pool);
  const RequestId request = RequestId::random();
  ASSERT_TRUE(run(GiveBack{first.id, alice_.id, "logged off", {"alice"}}).has_value());
  const auto early = assign(alice_, pool, request);
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code, Errc::kUnavailable);
  EXPECT_THAT(early.error().message, HasSubstr("still being taken out of " + first.name));
  ASSERT_TRUE(report(there(first), {{first.id, 1}}).has_value());
  EXPECT_FALSE(assign(alice_, pool, request).has_value()) << "it is still there";
  ASSERT_TRUE(report(there(first), {}).has_value());
  const Desktop second = assigned(alice_, pool, request);
  EXPECT_EQ(home().holder, second.id);
  EXPECT_EQ(home().epoch, 2U);
  EXPECT_EQ(second.host, first.host) << "where the disk is";
}

TEST_F(UserDisksTest, TheBugThatTheSimulatorMustFindIsOne) {
  settings_.planted.free_disk_at_retire = true;
  const Pool pool = pool_with(kLocal);
  const Desktop first = assigned(alice_, pool);
  ASSERT_TRUE(run(GiveBack{first.id, alice_.id, "logged off", {"alice"}}).has_value());
  EXPECT_TRUE(assign(alice_, pool).has_value());
}

TEST_F(UserDisksTest, ASecondDesktopMustWaitForTheFirstToBeLeft) {
  const Pool one = pool_with(kLocal);
  const Pool two = pool_with(kLocal, "art");
  const Desktop mine = assigned(alice_, one);
  const auto second = assign(alice_, two);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::kAlreadyExists);
  EXPECT_THAT(second.error().message, HasSubstr("is in " + mine.name + ": log off there first"));
  log_off_and_forget(mine);
  EXPECT_EQ(home().holder, mine.id) << "nobody has taken it";
  EXPECT_NE(assigned(alice_, two).id, mine.id);
}

TEST_F(UserDisksTest, OnALostHostItWaitsForThatHost) {
  const Pool pool = pool_with(kLocal);
  const Desktop first = assigned(alice_, pool);
  lose(there(first));
  const auto refused = assign(alice_, pool);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("is on host " + there(first).name + ", which is lost"));
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(first.id); }).user, alice_.id) << "nothing has changed";
}

TEST_F(UserDisksTest, OfAStorageOfSeveralHostsItFollowsWhenTheHostWasFenced) {
  reach("nas");
  const Pool pool = pool_with(kShared);
  const Desktop first = assigned(alice_, pool);
  EXPECT_TRUE(home().host.empty());
  lose(there(first));
  const Desktop second = assigned(alice_, pool);
  EXPECT_EQ(second.host, elsewhere(first).id);
  EXPECT_EQ(home().holder, second.id);
  // The old host comes back, knows the old epoch, and is told to delete the desktop; the disk is not its own any more.
  renew(there(first));
  EXPECT_EQ(life(there(first)).desktops.count(first.id), 0U);
}

TEST_F(UserDisksTest, WithoutAHostThatReachesTheStorageItIsSaid) {
  const Pool pool = pool_with(kShared);
  const auto refused = assign(alice_, pool);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("no host that is connected reaches the storage nas"));
  facts_.connected[two_.id].storages = {"nas"};
  EXPECT_EQ(assigned(alice_, pool).host, two_.id);
}

TEST_F(UserDisksTest, ASpareIsTakenWhereTheDiskIs) {
  Pool pool = pool_with(kLocal);
  const Desktop first = assigned(alice_, pool);
  log_off_and_forget(first);
  pool.spares = 4;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep();
  const Desktop second = assigned(alice_, pool);
  EXPECT_EQ(second.host, first.host);
  EXPECT_EQ(second.epoch, 2U) << "a spare";
}

TEST_F(UserDisksTest, AFolderIsSharedByAllOfTheUsersDesktops) {
  const Pool one = pool_with(kFolder);
  const Pool two = pool_with(kFolder, "art", PoolKind::kDedicated);
  const Desktop first = assigned(alice_, one);
  const Desktop second = assigned(alice_, two);
  EXPECT_EQ(second.host, first.host) << "where the folder is";
  EXPECT_TRUE(home().holder.empty());
  const LifeFacts told = life(there(first));
  EXPECT_THAT(told.desktops.at(first.id).disks, SizeIs(1));
  EXPECT_THAT(told.desktops.at(second.id).disks, SizeIs(1));
  EXPECT_FALSE(told.desktops.at(first.id).takes_disk);
}

TEST_F(UserDisksTest, WhatOneHasIsNotMadeIntoSomethingElse) {
  const Pool one = pool_with(kLocal);
  log_off_and_forget(assigned(alice_, one));
  const auto refused = assign(alice_, pool_with(kFolder, "art"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("your disk home is not what this pool gives its users"));
}

TEST_F(UserDisksTest, ItGrowsAndNeverShrinks) {
  Pool pool = pool_with(kLocal);
  log_off_and_forget(assigned(alice_, pool));
  pool.plan = R"({"disk":{"size_gib":10}})";
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  log_off_and_forget(assigned(alice_, pool));
  EXPECT_EQ(home().size_gib, 20U);
  pool.plan = R"({"disk":{"size_gib":30}})";
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  assigned(alice_, pool);
  EXPECT_EQ(home().size_gib, 30U);
}

TEST_F(UserDisksTest, WhatAHostHasSeenIsNotMadeAgain) {
  const Pool pool = pool_with(kLocal);
  const Desktop mine = assigned(alice_, pool);
  const SeenDesktop seen{.id = mine.id, .epoch = mine.epoch, .logged_off = false, .disks = {home().id}};
  ASSERT_TRUE(report(there(mine), {seen}).has_value());
  EXPECT_TRUE(home().made);
}

TEST_F(UserDisksTest, IsDeletedByItsHostAndForgottenThen) {
  const Pool pool = pool_with(kLocal);
  const Desktop mine = assigned(alice_, pool);
  const UserDiskId id = home().id;
  const auto in_use = run(RemoveUserDisk{id, admin_});
  EXPECT_EQ(in_use.error().code, Errc::kAlreadyExists);
  log_off_and_forget(mine);
  const Effects ordered = run(RemoveUserDisk{id, admin_}).value();
  EXPECT_THAT(ordered.changed, ElementsAre(mine.host));
  ASSERT_THAT(life(there(mine)).removing, SizeIs(1));
  EXPECT_THAT(life(elsewhere(mine)).removing, IsEmpty());
  EXPECT_EQ(assign(alice_, pool).error().code, Errc::kUnavailable);
  HostReported gone{
      .host = elsewhere(mine).id, .revision = host(elsewhere(mine)).revision, .desktops = {}, .removed_disks = {id}};
  ASSERT_TRUE(run(gone).has_value());
  EXPECT_THAT(get([](const Reader& r) { return r.user_disks(); }), SizeIs(1)) << "that host has no say in it";
  gone.host = mine.host;
  gone.revision = host(there(mine)).revision;
  ASSERT_TRUE(run(gone).has_value());
  EXPECT_THAT(get([](const Reader& r) { return r.user_disks(); }), IsEmpty());
  EXPECT_THAT(audited("disk.removed"), ElementsAre(id.str()));
}

}  // namespace
}  // namespace tobari::broker::control
