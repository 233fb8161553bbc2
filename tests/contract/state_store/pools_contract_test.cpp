// SPDX-License-Identifier: GPL-3.0-or-later
// What the control plane asks of every StateStore: pools, spares, hosts, and that what a host shall do is numbered.
#include <format>

#include "contract.h"

namespace tobari::broker {
namespace {

using namespace samples;

TEST_P(PoolsContract, KeepsAPoolAsItWasGiven) {
  const Pool kept = get([this](const Reader& r) { return r.pool(office_.id); });
  EXPECT_EQ(kept.name, "office");
  EXPECT_EQ(kept.kind, PoolKind::kFloating);
  EXPECT_EQ(kept.labels, (std::vector<std::string>{"office", "ward-3"}));
  EXPECT_EQ(kept.keep, std::chrono::seconds(3600));
  EXPECT_TRUE(kept.open);
  Pool changed = kept;
  changed.name = "lab";
  changed.kind = PoolKind::kDedicated;  // stays what it is
  changed.max = 3;
  changed.open = false;
  changed.labels.clear();
  done([&](Writer& w) { return w.change_pool(changed); });
  const Pool after = get([](const Reader& r) { return r.pools(); }).front();
  EXPECT_EQ(after.name, "lab");
  EXPECT_EQ(after.kind, PoolKind::kFloating);
  EXPECT_EQ(after.max, 3U);
  EXPECT_FALSE(after.open);
  EXPECT_TRUE(after.labels.empty());
  EXPECT_EQ(refusal([](Writer& w) { return w.add_pool(pool("lab")); }), Errc::kAlreadyExists);
  EXPECT_EQ(refusal([](Writer& w) { return w.change_pool(pool("x")); }), Errc::kNotFound);
  EXPECT_EQ(refusal([](Writer& w) { return w.remove_pool(PoolId::random()); }), Errc::kNotFound);
}

TEST_P(PoolsContract, KeepsWhatKindOfMachineADesktopIs) {
  EXPECT_EQ(get([this](const Reader& r) { return r.pool(office_.id); }).machine, Machine::kVm);
  Pool light = pool("light");
  light.machine = Machine::kContainer;
  done([&](Writer& w) { return w.add_pool(light); });
  EXPECT_EQ(get([&](const Reader& r) { return r.pool(light.id); }).machine, Machine::kContainer);
  Desktop container = pooled(light, host_, "c1");
  container.machine = Machine::kContainer;
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(container));
    return w.add_desktop(pooled(office_, host_, "v1"));
  });
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(container.id); }).machine, Machine::kContainer);
  EXPECT_EQ(get([](const Reader& r) { return r.desktop_by_name("v1"); }).machine, Machine::kVm);
  light.machine = Machine::kVm;
  done([&](Writer& w) { return w.change_pool(light); });
  EXPECT_EQ(get([&](const Reader& r) { return r.pool(light.id); }).machine, Machine::kVm);
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(container.id); }).machine, Machine::kContainer) << "stays";
}

TEST_P(PoolsContract, ASpareIsAssignedOnceByCompareAndSet) {
  const Desktop spare = pooled(office_, host_, "s1");
  const Desktop second = pooled(office_, host_, "s2");
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(spare));
    return w.add_desktop(second);
  });
  EXPECT_EQ(get([this](const Reader& r) { return r.spares(office_.id, 10); }).size(), 2U);
  EXPECT_EQ(get([this](const Reader& r) { return r.spares(office_.id, 1); }).front().name, "s1");
  EXPECT_EQ(refusal([&](Writer& w) { return w.assign_desktop(spare.id, 2, alice_.id); }), Errc::kNotFound);
  done([&](Writer& w) { return w.assign_desktop(spare.id, 1, alice_.id); });
  const Desktop mine = get([this](const Reader& r) { return r.desktop_in_pool(alice_.id, office_.id); });
  EXPECT_EQ(mine.id, spare.id);
  EXPECT_EQ(mine.epoch, 2U);
  EXPECT_EQ(mine.user_name, "alice");
  EXPECT_EQ(mine.pool_name, "office");
  EXPECT_EQ(mine.pool_kind, PoolKind::kFloating);
  EXPECT_EQ(mine.labels, office_.labels);
  EXPECT_EQ(refusal([&](Writer& w) { return w.assign_desktop(spare.id, 2, bob_.id); }), Errc::kNotFound) << "taken";
  EXPECT_EQ(refusal([&](Writer& w) { return w.assign_desktop(second.id, 1, alice_.id); }), Errc::kAlreadyExists)
      << "one desktop a user and pool";
  const PoolFill fill = get([this](const Reader& r) { return r.pool_fill(office_.id); });
  EXPECT_EQ(fill.desktops, 2U);
  EXPECT_EQ(fill.assigned, 1U);
}

TEST_P(PoolsContract, WhatIsRetiredIsNobodysAndOfNoPoolButStillOfItsHost) {
  const Desktop first = pooled(office_, host_, "d1", alice_);
  done([&](Writer& w) { return w.add_desktop(first); });
  EXPECT_EQ(refusal([&](Writer& w) { return w.retire_desktop(first.id, 7); }), Errc::kNotFound);
  done([&](Writer& w) { return w.retire_desktop(first.id, 1); });
  EXPECT_TRUE(get([this](const Reader& r) { return r.desktops_of_pool(office_.id); }).empty());
  EXPECT_TRUE(get([this](const Reader& r) { return r.desktops_of_user(alice_.id); }).empty());
  const Desktop left = get([this](const Reader& r) { return r.desktops_on_host(host_.id); }).front();
  EXPECT_EQ(left.power, Power::kDeleted);
  EXPECT_EQ(left.epoch, 2U);
  EXPECT_TRUE(left.user.empty());
  const PoolFill fill = get([this](const Reader& r) { return r.pool_fill(office_.id); });
  EXPECT_EQ(fill.desktops, 0U);
  EXPECT_EQ(fill.leaving, 1U);
  EXPECT_EQ(refusal([this](Writer& w) { return w.remove_pool(office_.id); }), Errc::kAlreadyExists);
  done([&](Writer& w) { return w.add_desktop(pooled(office_, host_, "d2", alice_)); });  // at once another one
  done([&](Writer& w) { return w.remove_desktop(first.id); });
  EXPECT_EQ(get([this](const Reader& r) { return r.host(host_.id); }).desktops, 1U);
}

// It is kept, not counted when it is asked for.
TEST_P(PoolsContract, HowFullItIsIsRightAfterEveryChange) {
  const Pool other = pool("other");
  done([&](Writer& w) { return w.add_pool(other); });
  const auto fill = [&](const Pool& of) {
    const PoolFill now = get([&](const Reader& r) { return r.pool_fill(of.id); });
    return std::format("{} {} {}", now.desktops, now.assigned, now.leaving);
  };
  Desktop spare = pooled(office_, host_, "d1");
  const Desktop hers = pooled(office_, host_, "d2", alice_);
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(spare));
    TOBARI_TRY(w.add_desktop(hers));
    return w.add_desktop(desktop(bob_, host_, "in no pool"));
  });
  EXPECT_EQ(fill(office_), "2 1 0");
  done([&](Writer& w) { return w.assign_desktop(spare.id, 1, bob_.id); });
  EXPECT_EQ(fill(office_), "2 2 0");
  EXPECT_EQ(refusal([&](Writer& w) { return w.assign_desktop(spare.id, 1, bob_.id); }), Errc::kNotFound);
  done([&](Writer& w) {
    static_cast<void>(w.assign_desktop(spare.id, 1, bob_.id));  // refused, and it goes on
    return w.set_power(hers.id, Power::kOff);
  });
  EXPECT_EQ(fill(office_), "2 2 0") << "a power that does not delete changes nothing";
  done([&](Writer& w) { return w.put_in_pool(spare.id, other.id, bob_.id); });
  EXPECT_EQ(fill(office_) + ", " + fill(other), "1 1 0, 1 1 0");
  done([&](Writer& w) { return w.put_in_pool(spare.id, other.id, UserId()); });
  EXPECT_EQ(fill(other), "1 0 0");
  done([&](Writer& w) { return w.put_in_pool(spare.id, PoolId(), bob_.id); });
  EXPECT_EQ(fill(other), "0 0 0");
  done([&](Writer& w) { return w.put_in_pool(spare.id, office_.id, bob_.id); });
  done([&](Writer& w) { return w.set_power(spare.id, Power::kDeleted); });
  EXPECT_EQ(fill(office_), "1 1 1");
  done([&](Writer& w) { return w.retire_desktop(hers.id, 1); });
  EXPECT_EQ(fill(office_), "0 0 2");
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.remove_desktop(hers.id));
    return w.remove_desktop(spare.id);
  });
  EXPECT_EQ(fill(office_), "0 0 0");
}

TEST_P(PoolsContract, APoolsDesktopsComeInPages) {
  const Pool other = pool("other");
  const Desktop going = pooled(office_, host_, "d3");
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_pool(other));
    for (const char* name : {"d5", "d1", "d4", "d2"}) TOBARI_TRY(w.add_desktop(pooled(office_, host_, name)));
    TOBARI_TRY(w.add_desktop(pooled(other, host_, "d2-other")));
    TOBARI_TRY(w.add_desktop(going));
    return w.retire_desktop(going.id, 1);
  });
  const auto names = [this](const char* after, std::size_t limit) {
    std::string all;
    for (const Desktop& each :
         get([&](const Reader& r) { return r.desktops_of_pool_after(office_.id, after, limit); })) {
      all += each.name + " ";
    }
    return all;
  };
  EXPECT_EQ(names("", 10), "d1 d2 d4 d5 ");
  EXPECT_EQ(names("", 2), "d1 d2 ");
  EXPECT_EQ(names("d2", 2), "d4 d5 ");
  EXPECT_EQ(names("d5", 2), "");
}

TEST_P(PoolsContract, AUserHasOneDesktopOfAPoolAndAnyNumberBeside) {
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(pooled(office_, host_, "d1", alice_)));
    TOBARI_TRY(w.add_desktop(desktop(alice_, host_, "own-1")));
    return w.add_desktop(desktop(alice_, host_, "own-2"));
  });
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_desktop(pooled(office_, host_, "d2", alice_)); }),
            Errc::kAlreadyExists);
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_desktop(pooled(pool("nowhere"), host_, "d3")); }),
            Errc::kAlreadyExists);
}

TEST_P(PoolsContract, APoolsDesktopsComeAndGoByHand) {
  const Desktop own = desktop(alice_, host_, "own");
  done([&](Writer& w) { return w.add_desktop(own); });
  done([&](Writer& w) { return w.put_in_pool(own.id, office_.id, bob_.id); });
  const Desktop bobs = get([this](const Reader& r) { return r.desktop_in_pool(bob_.id, office_.id); });
  EXPECT_EQ(bobs.id, own.id);
  EXPECT_EQ(bobs.epoch, own.epoch + 1) << "what alice's sessions were told does not hold any more";
  done([&](Writer& w) { return w.put_in_pool(own.id, {}, bob_.id); });
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(own.id); }).epoch, bobs.epoch) << "it is bob's still";
  done([&](Writer& w) { return w.put_in_pool(own.id, {}, alice_.id); });
  EXPECT_TRUE(get([&](const Reader& r) { return r.desktop(own.id); }).pool.empty());
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(own.id); }).epoch, bobs.epoch + 1);
  EXPECT_EQ(refusal([&](Writer& w) { return w.put_in_pool(DesktopId::random(), office_.id, bob_.id); }),
            Errc::kNotFound);
}

TEST_P(PoolsContract, OfNobodysDesktopTheEpochRisesToo) {
  const Desktop spare = pooled(office_, host_, "d1");
  done([&](Writer& w) { return w.add_desktop(spare); });
  done([&](Writer& w) { return w.put_in_pool(spare.id, office_.id, alice_.id); });
  EXPECT_EQ(get([&](const Reader& r) { return r.desktop(spare.id); }).epoch, spare.epoch + 1);
}

TEST_P(PoolsContract, EveryChangeOfADesktopRaisesItsHostsRevision) {
  const Desktop one = pooled(office_, host_, "d1");
  std::uint64_t before = revision();
  EXPECT_EQ(before, kFirstRevision);
  const auto rises = [&](const char* what, const std::function<Result<void>(Writer&)>& body) {
    done(body);
    EXPECT_GT(revision(), before) << what;
    before = revision();
    EXPECT_EQ(get([&](const Reader& r) { return r.desktop(one.id); }).revision, before) << what;
  };
  rises("add", [&](Writer& w) { return w.add_desktop(one); });
  rises("power", [&](Writer& w) { return w.set_power(one.id, Power::kOff); });
  rises("epoch", [&](Writer& w) { return w.set_epoch(one.id, 5); });
  rises("assign", [&](Writer& w) { return w.assign_desktop(one.id, 5, alice_.id); });
  rises("by hand", [&](Writer& w) { return w.put_in_pool(one.id, office_.id, bob_.id); });
  rises("retire", [&](Writer& w) { return w.retire_desktop(one.id, 7); });
  done([&](Writer& w) { return w.remove_desktop(one.id); });
  EXPECT_EQ(revision(), before) << "the host knows: it reported that";
  EXPECT_EQ(get([this](const Reader& r) { return r.host(other_.id); }).revision, kFirstRevision) << "only its own";
}

TEST_P(PoolsContract, AHostKeepsItsModeItsLeaseAndWhatItWasPromised) {
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_desktop(pooled(office_, host_, "d1")));
    TOBARI_TRY(w.add_desktop(desktop(alice_, host_, "own")));
    TOBARI_TRY(w.set_host_mode(host_.id, HostMode::kDraining));
    return w.set_host_lost(host_.id);
  });
  Host kept = get([this](const Reader& r) { return r.host(host_.id); });
  EXPECT_EQ(kept.mode, HostMode::kDraining);
  EXPECT_TRUE(kept.lost);
  EXPECT_EQ(kept.promised_mib, 512U + 1024U);
  EXPECT_EQ(kept.desktops, 2U);
  done([&](Writer& w) -> Result<void> {
    TOBARI_ASSIGN(kept, w.renew_lease(host_.id));
    return w.set_revision(host_.id, kFirstRevision + 100);
  });
  EXPECT_FALSE(kept.lost);
  EXPECT_EQ(kept.lease, 1U);
  EXPECT_EQ(revision(), kFirstRevision + 100);
  EXPECT_EQ(get([](const Reader& r) { return r.hosts(); }).size(), 2U);
  EXPECT_EQ(refusal([](Writer& w) { return w.set_host_lost(HostId::random()); }), Errc::kNotFound);
  EXPECT_EQ(refusal([](Writer& w) -> Result<void> {
              TOBARI_TRY(w.renew_lease(HostId::random()));
              return {};
            }),
            Errc::kNotFound);
  done([this](Writer& w) { return w.remove_node(other_.id); });
  EXPECT_EQ(get([](const Reader& r) { return r.hosts(); }).size(), 1U) << "gone with its node";
}

TEST_P(PoolsContract, ATransactionNeedsNoRecordAndLeavesNothingWhenItFails) {
  const auto records = [this] { return get([](const Reader& r) { return r.audit_head(); }).sequence; };
  const std::uint64_t before = records();
  done([this](Writer& w) { return w.set_host_mode(host_.id, HostMode::kDraining); });
  EXPECT_EQ(records(), before);
  EXPECT_EQ(refusal([this](Writer& w) -> Result<void> {
              TOBARI_TRY(w.add_record(draft("test")));
              TOBARI_TRY(w.set_host_mode(host_.id, HostMode::kReady));
              return fail(Errc::kCancelled, "changed my mind");
            }),
            Errc::kCancelled);
  EXPECT_EQ(records(), before);
  EXPECT_EQ(get([this](const Reader& r) { return r.host(host_.id); }).mode, HostMode::kDraining);
}

}  // namespace
}  // namespace tobari::broker
