// SPDX-License-Identifier: GPL-3.0-or-later
// Plans of pools, desktops at rest, endings and users' disks, of every StateStore.
#include "contract.h"

namespace tobari::broker {
namespace {

using namespace samples;

UserDisk disk_of(const User& user, std::string name = "home") {
  UserDisk disk;
  disk.id = UserDiskId::random();
  disk.user = user.id;
  disk.name = std::move(name);
  disk.size_gib = 20;
  disk.epoch = 1;
  return disk;
}

TEST_P(PoolsContract, APoolKeepsItsPlanAsTextAndReadsNothingIntoIt) {
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).plan, "");
  Pool changed = office_;
  changed.plan = R"({"log_off":"stop"})";
  done([&](Writer& w) { return w.change_pool(changed); });
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).plan, changed.plan);
  Pool other = pool("lab");
  other.plan = "whatever";
  done([&](Writer& w) { return w.add_pool(other); });
  EXPECT_EQ(get([&](const Reader& r) { return r.pool(other.id); }).plan, "whatever");
}

TEST_P(PoolsContract, ADesktopRestsUntilItsPowerIsSet) {
  const Desktop one = pooled(office_, host_, "d1", alice_);
  done([&](Writer& w) { return w.add_desktop(one); });
  const std::uint64_t before = revision();
  done([&](Writer& w) { return w.put_to_rest(one.id, Rest::kSaved, true); });
  Desktop kept = get([&](const Reader& r) { return r.desktop(one.id); });
  EXPECT_EQ(kept.power, Power::kOff);
  EXPECT_EQ(kept.rest, Rest::kSaved);
  EXPECT_TRUE(kept.wakes);
  EXPECT_EQ(get([this](const Reader& r) { return r.desktops_that_wake(office_.id, 5); }).size(), 1U);
  EXPECT_TRUE(get([this](const Reader& r) { return r.desktops_that_wake(office_.id, 0); }).empty());
  EXPECT_GT(revision(), before);
  done([&](Writer& w) { return w.set_power(one.id, Power::kOn); });
  kept = get([&](const Reader& r) { return r.desktop(one.id); });
  EXPECT_EQ(kept.rest, Rest::kStopped);
  EXPECT_FALSE(kept.wakes);
  EXPECT_TRUE(get([this](const Reader& r) { return r.desktops_that_wake(office_.id, 5); }).empty());
  done([&](Writer& w) { return w.retire_desktop(one.id, 1); });
  EXPECT_EQ(refusal([&](Writer& w) { return w.put_to_rest(one.id, Rest::kSaved, true); }), Errc::kNotFound);
}

TEST_P(PoolsContract, AnEndingIsFoundWhenItsTimeHasComeAndEndsWithTheDesktop) {
  const Desktop one = pooled(office_, host_, "d1", alice_);
  const Desktop two = pooled(office_, host_, "d2", bob_);
  const Ending ending{.at = kNow, .how = EndHow::kRelease, .text = "the house closes"};
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(one));
    TOBARI_TRY(w.add_desktop(two));
    TOBARI_TRY(w.set_ending(one.id, ending));
    return w.set_ending(two.id, Ending{.at = kNow + std::chrono::hours(1), .how = EndHow::kStop});
  });
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(one.id); }).ending, ending);
  const auto ending_by = [this](Time when) {
    return get([when](const Reader& r) { return r.desktops_ending(when); }).size();
  };
  EXPECT_EQ(ending_by(kNow - std::chrono::milliseconds(1)), 0U);
  EXPECT_EQ(ending_by(kNow), 1U);
  EXPECT_EQ(ending_by(kNow + std::chrono::hours(1)), 2U);
  const std::uint64_t before = revision();
  done([&](Writer& w) { return w.set_ending(two.id, std::nullopt); });
  EXPECT_GT(revision(), before) << "its host is to take the notice away";
  done([&](Writer& w) { return w.retire_desktop(one.id, 1); });
  EXPECT_EQ(ending_by(kNow + std::chrono::hours(9)), 0U);
}

TEST_P(PoolsContract, AUserHasOneDiskOfAName) {
  const UserDisk home = disk_of(alice_);
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user_disk(home));
    TOBARI_TRY(w.add_user_disk(disk_of(alice_, "projects")));
    return w.add_user_disk(disk_of(bob_));
  });
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_user_disk(disk_of(alice_)); }), Errc::kAlreadyExists);
  const UserDisk kept = get([this](const Reader& r) { return r.user_disk_named(alice_.id, "home"); });
  EXPECT_EQ(kept.id, home.id);
  EXPECT_EQ(kept.user_name, "alice");
  EXPECT_EQ(kept.kind, UserDiskKind::kDisk);
  EXPECT_TRUE(kept.holder.empty());
  EXPECT_TRUE(kept.host.empty());
  EXPECT_EQ(get([this](const Reader& r) { return r.user_disks_of(alice_.id); }).size(), 2U);
  EXPECT_EQ(get([](const Reader& r) { return r.user_disks(); }).back().user_name, "bob");
  EXPECT_EQ(refusal([this](Writer& w) { return w.remove_user(alice_.id); }), Errc::kAlreadyExists);
}

TEST_P(PoolsContract, ADiskIsHeldByCompareAndSet) {
  const UserDisk home = disk_of(alice_);
  const Desktop one = pooled(office_, host_, "d1", alice_);
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user_disk(home));
    TOBARI_TRY(w.add_desktop(one));
    return w.hold_user_disk(home.id, 1, one.id, host_.id);
  });
  UserDisk kept = get([&](const Reader& r) { return r.user_disk(home.id); });
  EXPECT_EQ(kept.epoch, 2U);
  EXPECT_EQ(kept.holder, one.id);
  EXPECT_EQ(kept.host, host_.id);
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(one.id); }).revision, revision()) << "its host must hear";
  EXPECT_EQ(refusal([&](Writer& w) { return w.hold_user_disk(home.id, 1, one.id, other_.id); }), Errc::kNotFound);
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.set_user_disk_made(home.id));
    return w.set_user_disk_size(home.id, 40);
  });
  kept = get([&](const Reader& r) { return r.user_disk(home.id); });
  EXPECT_TRUE(kept.made);
  EXPECT_EQ(kept.size_gib, 40U);
  EXPECT_EQ(refusal([this](Writer& w) { return w.remove_node(host_.id); }), Errc::kAlreadyExists);
}

TEST_P(PoolsContract, AHostHearsOfTheDisksThatItMustKnow) {
  UserDisk there = disk_of(alice_);
  there.host = other_.id;
  UserDisk shared = disk_of(bob_);
  shared.storage = "nas";
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user_disk(there));
    return w.add_user_disk(shared);
  });
  const auto near = [this](const Node& node) {
    return get([&node](const Reader& r) { return r.user_disks_near(node.id); }).size();
  };
  EXPECT_EQ(near(host_), 0U);
  EXPECT_EQ(near(other_), 1U);
  done([&](Writer& w) { return w.add_desktop(pooled(office_, host_, "d1", alice_)); });
  EXPECT_EQ(near(host_), 1U) << "its user's disk, wherever that is";
  const std::uint64_t before = revision();
  done([&](Writer& w) { return w.set_user_disk_removing(shared.id); });
  EXPECT_GT(revision(), before) << "any host of the storage may delete it";
  EXPECT_EQ(near(host_), 2U);
  EXPECT_EQ(refusal([&](Writer& w) { return w.hold_user_disk(shared.id, 1, {}, {}); }), Errc::kNotFound);
  done([&](Writer& w) { return w.remove_user_disk(shared.id); });
  EXPECT_EQ(refusal([&](Writer& w) { return w.remove_user_disk(shared.id); }), Errc::kNotFound);
}

}  // namespace
}  // namespace tobari::broker
