// SPDX-License-Identifier: GPL-3.0-or-later
// What the sweep does by a pool's plan, at times set by hand.
#include "control/plans.h"

#include <algorithm>
#include <array>

#include "world.h"
#include "zones_of_tests.h"

namespace tobari::broker::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PlansTest : public World {
 protected:
  Pool planned_pool(const std::string& plan, PoolKind kind = PoolKind::kFloating, std::uint32_t spares = 0) {
    Pool pool = add_pool("lab", kind, spares, 10);
    pool.plan = plan;
    const auto changed = run(ChangePool{pool, admin_});
    EXPECT_TRUE(changed.has_value()) << describe(changed.error());
    return pool;
  }
  Effects sweep_at(Time now, std::map<DesktopId, std::chrono::seconds> idle = {}) {
    Sweep event{.facts = facts(), .fresh = {}, .idle_for = std::move(idle), .zones = berlin_zones()};
    for (std::size_t i = 0; i < kMaxMadePerSweep; ++i) event.fresh.push_back(DesktopId::random());
    return control::run(store_, event, now, settings_).value();
  }
  Desktop now_of(const Desktop& desktop) {
    return get([&](const Reader& r) { return r.desktop(desktop.id); });
  }
  std::size_t on(const Pool& pool) {
    return static_cast<std::size_t>(std::ranges::count(spares(pool), Power::kOn, &Desktop::power));
  }

  // A Thursday.
  const Time noon_ = sys_days(year(2026) / 1 / 15) + 11h;
  const Time night_ = sys_days(year(2026) / 1 / 15) + 20h;
};

constexpr const char* kOfficeStop =
    R"({"hours":{"zone":"Europe/Berlin","open":["mon-fri 08:00-18:00"],"lead_minutes":30},)"
    R"("closed":{"spares":1,"unused":"stop","after_seconds":600,"wake":true}})";

TEST_F(PlansTest, OutsideOfItsHoursAllSparesButAFewRestAndComeBackBefore) {
  const Pool pool = planned_pool(kOfficeStop, PoolKind::kFloating, 4);
  sweep_at(noon_);
  EXPECT_EQ(on(pool), 4U);
  const Effects closed = sweep_at(night_);
  EXPECT_THAT(spares(pool), SizeIs(4)) << "they stay";
  EXPECT_EQ(on(pool), 1U);
  EXPECT_FALSE(closed.changed.empty());
  EXPECT_THAT(audited("desktop.rest"), SizeIs(3));
  for (const Desktop& spare : spares(pool)) {
    if (spare.power == Power::kOff) {
      EXPECT_EQ(spare.rest, Rest::kStopped);
    }
  }
  EXPECT_THAT(sweep_at(night_).changed, IsEmpty()) << "done already";
  sweep_at(sys_days(year(2026) / 1 / 16) + 6h + 29min);
  EXPECT_EQ(on(pool), 1U);
  sweep_at(sys_days(year(2026) / 1 / 16) + 6h + 30min);
  EXPECT_EQ(on(pool), 4U) << "half an hour before 8:00";
}

TEST_F(PlansTest, TheChangeToSummerTimeMovesTheMorning) {
  const Pool pool = planned_pool(kOfficeStop, PoolKind::kFloating, 2);
  sweep_at(sys_days(year(2026) / 3 / 27) + 11h);  // Friday
  sweep_at(sys_days(year(2026) / 3 / 28) + 11h);
  ASSERT_EQ(on(pool), 1U) << "Saturday";
  sweep_at(sys_days(year(2026) / 3 / 30) + 5h + 29min);
  EXPECT_EQ(on(pool), 1U);
  sweep_at(sys_days(year(2026) / 3 / 30) + 5h + 30min);
  EXPECT_EQ(on(pool), 2U) << "Monday, 7:30 in summer time";
}

TEST_F(PlansTest, ClosedMakesNoMoreThanAFew) {
  const Pool pool = planned_pool(kOfficeStop, PoolKind::kFloating, 4);
  sweep_at(night_);
  EXPECT_THAT(spares(pool), SizeIs(1));
}

TEST_F(PlansTest, DeleteRetiresThemAndTheMinimumIsKeptOff) {
  Pool pool =
      planned_pool(R"({"hours":{"zone":"Europe/Berlin","open":["mon-fri 08:00-18:00"]},"closed":{"unused":"delete"}})",
                   PoolKind::kFloating, 4);
  pool.min = 2;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep_at(noon_);
  ASSERT_EQ(on(pool), 4U);
  sweep_at(night_);
  EXPECT_THAT(spares(pool), SizeIs(2));
  EXPECT_EQ(on(pool), 0U);
}

TEST_F(PlansTest, ASpareThatRestsIsGivenLastAndWoken) {
  const Pool pool = planned_pool(kOfficeStop, PoolKind::kFloating, 2);
  sweep_at(noon_);
  sweep_at(night_);
  const auto before = spares(pool);
  const auto warm = std::ranges::find(before, Power::kOn, &Desktop::power);
  ASSERT_NE(warm, before.end());
  EXPECT_EQ(assigned(alice_, pool).id, warm->id);
  const Desktop second = assigned(bob_, pool);
  EXPECT_EQ(second.power, Power::kOn);
  EXPECT_TRUE(std::ranges::contains(before, second.id, &Desktop::id)) << "rather than a new one";
}

TEST_F(PlansTest, UsersDesktopsWithoutAClientRestAtClosingTimeAndAreWoken) {
  const Pool pool = planned_pool(kOfficeStop, PoolKind::kDedicated);
  const Desktop used = assigned(alice_, pool);
  const Desktop left = assigned(bob_, pool);
  sweep_at(night_, {{left.id, 599s}});
  EXPECT_EQ(now_of(left).power, Power::kOn) << "the line may just have dropped";
  sweep_at(night_, {{left.id, 600s}});
  EXPECT_EQ(now_of(used).power, Power::kOn) << "who works at night works at night";
  EXPECT_EQ(now_of(left).power, Power::kOff);
  EXPECT_TRUE(now_of(left).wakes);
  sweep_at(sys_days(year(2026) / 1 / 16) + 7h, {{left.id, 11h}});
  EXPECT_EQ(now_of(left).power, Power::kOn);
  EXPECT_THAT(audited("desktop.wake"), SizeIs(1));
}

TEST_F(PlansTest, WhatWasWokenIsNotPutToRestForTheNight) {
  const Pool pool = planned_pool(R"({"hours":{"zone":"Europe/Berlin","open":["mon-fri 08:00-18:00"]},)"
                                 R"("closed":{"unused":"suspend","after_seconds":600,"wake":true},)"
                                 R"("idle":{"action":"save","after_seconds":3600}})",
                                 PoolKind::kDedicated);
  const Desktop mine = assigned(alice_, pool);
  sweep_at(night_, {{mine.id, 2h}});
  EXPECT_EQ(now_of(mine).rest, Rest::kSuspended) << "the closing time speaks first";
  const Time eight = sys_days(year(2026) / 1 / 16) + 7h;
  sweep_at(eight, {{mine.id, 13h}});
  ASSERT_EQ(now_of(mine).power, Power::kOn);
  sweep_at(eight + 59min, {{mine.id, 14h}});
  EXPECT_EQ(now_of(mine).power, Power::kOn) << "it opened less than an hour ago";
  sweep_at(eight + 60min, {{mine.id, 14h}});
  EXPECT_EQ(now_of(mine).rest, Rest::kSaved);
  EXPECT_FALSE(now_of(mine).wakes) << "its user will wake it";
}

TEST_F(PlansTest, IdleActionsHoldForEveryKindAndAtAnyHour) {
  const Pool pool = planned_pool(R"({"idle":{"action":"suspend","after_seconds":1800}})", PoolKind::kFloating);
  const Desktop mine = assigned(alice_, pool);
  sweep_at(night_, {{mine.id, 1799s}});
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  sweep_at(night_, {{mine.id, 1800s}});
  EXPECT_EQ(now_of(mine).power, Power::kOff);
  EXPECT_EQ(now_of(mine).rest, Rest::kSuspended);
  EXPECT_EQ(assigned(alice_, pool).id, mine.id) << "it is still theirs";
  sweep_at(night_, {{mine.id, 1h}});
  EXPECT_EQ(get([&](const Reader& r) { return r.pool_fill(pool.id); }).assigned, 0U)
      << "the pool's own time (an hour) gives it back";
}

TEST_F(PlansTest, AnUnknownZoneAndAPlanThatCannotBeReadDoNothing) {
  const Pool pool = planned_pool(
      R"({"hours":{"zone":"Mars/Olympus","open":["08:00-09:00"]},"closed":{"unused":"stop"}})", PoolKind::kFloating, 2);
  sweep_at(night_);
  EXPECT_EQ(on(pool), 2U);
  Pool spoiled = pool;
  spoiled.plan = "{nonsense";
  EXPECT_EQ(run(ChangePool{spoiled, admin_}).error().code, Errc::kInvalidArgument);
  ASSERT_TRUE(store_.transact([&](Writer& w) { return w.change_pool(spoiled); }).has_value());
  sweep_at(night_);
  EXPECT_EQ(on(pool), 2U);
}

TEST_F(PlansTest, OnlySoManyAreWokenAtOnce) {
  Pool pool = planned_pool(kOfficeStop, PoolKind::kFloating);
  pool.spares = pool.max = 40;
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  for (std::size_t made = 0; made < pool.spares; made += kMaxMadePerSweep) sweep_at(noon_);
  ASSERT_EQ(on(pool), 40U);
  sweep_at(night_);
  ASSERT_EQ(on(pool), 1U);
  EXPECT_TRUE(sweep_at(noon_).more);
  EXPECT_EQ(on(pool), 1U + kMaxWokenPerSweep);
}

TEST_F(PlansTest, WhatFailedIsRenewedOnlyWhereThePlanSaysSo) {
  Pool pool = planned_pool("", PoolKind::kFloating, 2);
  sweep_at(noon_);
  const Desktop mine = assigned(alice_, pool);
  sweep_at(noon_);
  const auto before = spares(pool);
  facts_.failed = {mine.id, before[0].id, before[1].id};
  sweep_at(noon_);
  EXPECT_EQ(now_of(mine).power, Power::kOn);
  EXPECT_NE(assigned(bob_, pool).id, before[0].id) << "what failed is nobody's spare";
  pool.plan = R"({"crash":{"renew":true}})";
  ASSERT_TRUE(run(ChangePool{pool, admin_}).has_value());
  sweep_at(noon_);
  EXPECT_EQ(now_of(mine).power, Power::kDeleted);
  const auto failed_left =
      std::ranges::count_if(spares(pool), [this](const Desktop& spare) { return facts_.failed.contains(spare.id); });
  EXPECT_EQ(failed_left, 1) << "one at a time";
}

TEST(ZonesNamed, AreThoseOfPlansThatCanBeRead) {
  Pool one;
  one.plan = kOfficeStop;
  Pool two;
  two.plan = "{";
  const std::array pools{one, two, Pool{}};
  EXPECT_THAT(zones_named(pools), ::testing::ElementsAre("Europe/Berlin"));
}

}  // namespace
}  // namespace tobari::broker::control
