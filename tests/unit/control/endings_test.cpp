// SPDX-License-Identifier: GPL-3.0-or-later
// Log-off, forced log-off with a notice, restarts, and hosts that are to be empty.
#include "control/drain.h"
#include "world.h"

namespace tobari::broker::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EndingsTest : public World {
 protected:
  Desktop now_of(const Desktop& desktop) {
    return get([&](const Reader& r) { return r.desktop(desktop.id); });
  }
  Pool dedicated(const std::string& plan = "") {
    Pool pool = add_pool("own", PoolKind::kDedicated);
    pool.plan = plan;
    EXPECT_TRUE(run(ChangePool{pool, admin_}).has_value());
    return pool;
  }
  Effects end(const Desktop& desktop, std::chrono::seconds notice, bool stop = false, std::string text = "") {
    return run(EndUse{.desktop = desktop.id, .notice = notice, .stop = stop, .text = std::move(text), .who = admin_})
        .value();
  }
  Node& there(const Desktop& desktop) { return desktop.host == one_.id ? one_ : two_; }
};

TEST_F(EndingsTest, LogOffGivesAFloatingDesktopBackAndEndsTheSessionOfAnotherOne) {
  const Desktop floating = assigned(alice_, office_);
  const Effects given = run(LogOff{floating.id, alice_.id, {"alice"}}).value();
  EXPECT_EQ(now_of(floating).power, Power::kDeleted);
  EXPECT_THAT(given.ended, SizeIs(1));
  EXPECT_THAT(given.log_offs, IsEmpty()) << "there is nothing left to log off from";
  const Desktop kept = assigned(alice_, dedicated());
  const Effects ended = run(LogOff{kept.id, alice_.id, {"alice"}}).value();
  EXPECT_EQ(now_of(kept).power, Power::kOn);
  ASSERT_THAT(ended.log_offs, SizeIs(1));
  EXPECT_EQ(ended.log_offs.front().epoch, kept.epoch);
  EXPECT_THAT(ended.ended, SizeIs(1));
}

TEST_F(EndingsTest, NobodyLogsSomebodyElseOff) {
  const Desktop mine = assigned(alice_, office_);
  EXPECT_TRUE(run(LogOff{mine.id, bob_.id, {"bob"}}).has_value());
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_TRUE(run(LogOff{DesktopId::random(), bob_.id, {"bob"}}).has_value());
}

TEST_F(EndingsTest, ThePlanMayStopADedicatedDesktopAtLogOff) {
  const Desktop kept = assigned(alice_, dedicated(R"({"log_off":"stop"})"));
  ASSERT_TRUE(run(LogOff{kept.id, alice_.id, {"alice"}}).has_value());
  EXPECT_EQ(now_of(kept).power, Power::kOff);
}

TEST_F(EndingsTest, WhatTheGuestSaysCountsForItsEpochOnly) {
  const Desktop mine = assigned(alice_, office_);
  SeenDesktop seen{.id = mine.id, .epoch = mine.epoch - 1, .logged_off = true};
  ASSERT_TRUE(report(there(mine), {seen}).has_value());
  EXPECT_EQ(now_of(mine).power, Power::kOn) << "that was whoever had it before";
  seen.epoch = mine.epoch;
  ASSERT_TRUE(report(there(mine), {seen}).has_value());
  EXPECT_EQ(now_of(mine).power, Power::kDeleted);
  EXPECT_THAT(audited("desktop.release"), ElementsAre(mine.id.str()));
}

TEST_F(EndingsTest, ASpareWhoseGuestLoggedOffStays) {
  const Pool pool = add_pool("lab", PoolKind::kFloating, 1, 4);
  sweep();
  const Desktop spare = spares(pool).front();
  ASSERT_TRUE(report(there(spare), {{.id = spare.id, .epoch = spare.epoch, .logged_off = true}}).has_value());
  EXPECT_THAT(spares(pool), SizeIs(1));
}

TEST_F(EndingsTest, ANoticeIsKeptAndThenDone) {
  const Desktop mine = assigned(alice_, office_);
  const Effects told = end(mine, 5min, false, "the house closes");
  EXPECT_THAT(told.changed, ElementsAre(mine.host)) << "whose display shows it";
  EXPECT_THAT(told.ended, IsEmpty());
  ASSERT_TRUE(now_of(mine).ending.has_value());
  EXPECT_EQ(now_of(mine).ending->how, EndHow::kRelease);
  clock_.advance(4min + 59s);
  sweep();
  EXPECT_EQ(assigned(alice_, office_).id, mine.id);
  clock_.advance(1s);
  const Effects done = sweep();
  ASSERT_THAT(done.ended, SizeIs(1));
  EXPECT_THAT(done.ended.front().reason, HasSubstr("an administrator has ended it: the house closes"));
  EXPECT_EQ(now_of(mine).power, Power::kDeleted);
}

TEST_F(EndingsTest, ADedicatedDesktopIsLoggedOffOrStopped) {
  const Desktop mine = assigned(alice_, dedicated());
  const Effects logged = end(mine, 0s);
  EXPECT_THAT(logged.log_offs, SizeIs(1));
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_FALSE(now_of(mine).ending.has_value());
  end(mine, 1min, true);
  clock_.advance(1min);
  const Effects stopped = sweep();
  EXPECT_THAT(stopped.ended, SizeIs(1));
  EXPECT_EQ(now_of(mine).power, Power::kOff);
  EXPECT_FALSE(now_of(mine).ending.has_value());
}

TEST_F(EndingsTest, ItCanBeTakenBack) {
  const Desktop mine = assigned(alice_, office_);
  end(mine, 1min);
  const Effects kept = run(KeepUse{mine.id, admin_}).value();
  EXPECT_THAT(kept.changed, ElementsAre(mine.host));
  clock_.advance(1h);
  sweep();
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_TRUE(run(KeepUse{mine.id, admin_}).has_value()) << "there is nothing to take back";
}

TEST_F(EndingsTest, WhatCannotBeIsSaid) {
  EXPECT_EQ(run(EndUse{.desktop = DesktopId::random(), .who = admin_}).error().code, Errc::kNotFound);
  const Desktop mine = assigned(alice_, office_);
  EXPECT_EQ(run(EndUse{.desktop = mine.id, .notice = 25h, .who = admin_}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(run(EndUse{.desktop = mine.id, .notice = -1s, .who = admin_}).error().code, Errc::kInvalidArgument);
  const std::string long_text(kMaxEndText + 1, 'x');
  EXPECT_EQ(run(EndUse{.desktop = mine.id, .text = long_text, .who = admin_}).error().code, Errc::kInvalidArgument);
  const Pool pool = add_pool("lab", PoolKind::kFloating, 1, 4);
  sweep();
  EXPECT_EQ(run(EndUse{.desktop = spares(pool).front().id, .who = admin_}).error().code, Errc::kNotFound);
}

TEST_F(EndingsTest, ARestartIsAnOrderAndWakesWhatIsOff) {
  const Desktop mine = assigned(alice_, dedicated());
  const Effects restarted = run(RestartOf{.desktop = mine.id, .at_once = false, .who = {"alice"}}).value();
  ASSERT_THAT(restarted.restarts, SizeIs(1));
  EXPECT_FALSE(restarted.restarts.front().at_once);
  ASSERT_TRUE(store_.transact([&](Writer& w) { return w.put_to_rest(mine.id, Rest::kSaved, false); }).has_value());
  const Effects reset = run(RestartOf{.desktop = mine.id, .at_once = true, .who = {"alice"}}).value();
  EXPECT_TRUE(reset.restarts.front().at_once);
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_THAT(audited("desktop.reset"), ElementsAre(mine.id.str()));
}

// ---- a host that is to be empty

TEST_F(EndingsTest, ADrainThatWaitsTellsNobody) {
  const Desktop mine = assigned(alice_, office_);
  ASSERT_TRUE(run(SetHostMode{there(mine).id, HostMode::kDraining, admin_}).has_value());
  EXPECT_FALSE(now_of(mine).ending.has_value());
  const auto left = get([&](const Reader& r) { return left_on_host(r, mine.host); });
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_THAT(left.front().why, HasSubstr("alice has it, and gets another one elsewhere after logging off"));
}

TEST_F(EndingsTest, ADrainThatMovesEndsFloatingDesktopsAndTheirUsersGetOthersElsewhere) {
  const Desktop mine = assigned(alice_, office_);
  const Node& old = there(mine);
  const SetHostMode drain{old.id, HostMode::kDraining, admin_, DrainHow::kMove, 10min, "maintenance"};
  ASSERT_TRUE(run(drain).has_value());
  ASSERT_TRUE(now_of(mine).ending.has_value());
  EXPECT_EQ(now_of(mine).ending->text, "maintenance");
  clock_.advance(10min);
  sweep();
  const Desktop next = assigned(alice_, office_);
  EXPECT_NE(next.host, old.id);
  EXPECT_EQ(now_of(mine).power, Power::kDeleted);
}

TEST_F(EndingsTest, ADedicatedDesktopStaysAndItIsSaidWhy) {
  const Desktop mine = assigned(alice_, dedicated());
  ASSERT_TRUE(run(SetHostMode{mine.host, HostMode::kDraining, admin_, DrainHow::kMove, 0s, ""}).has_value());
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_THAT(get([&](const Reader& r) { return left_on_host(r, mine.host); }).front().why,
              HasSubstr("its disk is on this host and cannot move"));
}

TEST_F(EndingsTest, ADrainThatIsTakenBackLetsUsersStay) {
  const Desktop mine = assigned(alice_, office_);
  ASSERT_TRUE(run(SetHostMode{mine.host, HostMode::kDraining, admin_, DrainHow::kMove, 10min, ""}).has_value());
  const Effects back = run(SetHostMode{mine.host, HostMode::kReady, admin_}).value();
  EXPECT_THAT(back.changed, ElementsAre(mine.host));
  clock_.advance(1h);
  sweep();
  EXPECT_EQ(now_of(mine).power, Power::kOn);
}

TEST_F(EndingsTest, AnEarlierEndStaysTheEarlierOne) {
  const Desktop mine = assigned(alice_, office_);
  end(mine, 1min);
  ASSERT_TRUE(run(SetHostMode{mine.host, HostMode::kDraining, admin_, DrainHow::kMove, 10min, ""}).has_value());
  EXPECT_EQ(now_of(mine).ending->at, clock_.wall() + 1min);
}

}  // namespace
}  // namespace tobari::broker::control
