// SPDX-License-Identifier: GPL-3.0-or-later
// A plan's text, and when a pool is open, over changes of the clock.
#include "core/pool_plan.h"

#include <string>

#include <gmock/gmock.h>

#include "zones_of_tests.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string refused(std::string_view json) {
  const auto plan = parse_pool_plan(json);
  if (plan.has_value()) return "it was taken";
  EXPECT_EQ(plan.error().code, Errc::kInvalidArgument);
  return plan.error().message;
}

constexpr std::string_view kWhole = R"({"closed":{"after_seconds":600,"spares":2,"unused":"save","wake":true},)"
                                    R"("crash":{"action":"leave","renew":true,"restarts":3},)"
                                    R"("disk":{"kind":"disk","name":"home","size_gib":20,"storage":"nas"},)"
                                    R"("hours":{"holidays":["2026-12-29..2027-01-03","05-03"],"lead_minutes":30,)"
                                    R"("open":["mon-fri 08:00-19:00","sat 09:00-12:30"],"zone":"Europe/Berlin"},)"
                                    R"("idle":{"action":"suspend","after_seconds":3600},"log_off":"stop"})";

TEST(PoolPlanText, GoesThereAndBack) {
  const auto plan = parse_pool_plan(kWhole);
  ASSERT_TRUE(plan.has_value()) << describe(plan.error());
  EXPECT_EQ(to_text(*plan), kWhole);
  EXPECT_EQ(plan->hours.size(), 2U);
  EXPECT_EQ(plan->holidays.dates.size(), 6U);
  EXPECT_EQ(plan->closed, Unused::kSave);
  EXPECT_EQ(plan->idle_after, 1h);
  EXPECT_EQ(plan->disk.storage, "nas");
  EXPECT_THAT(in_words(*plan), HasSubstr("open mon-fri 08:00-19:00"));
}

TEST(PoolPlanText, NothingIsAPlanThatDoesNothing) {
  for (const char* text : {"", "{}"}) {
    const auto plan = parse_pool_plan(text);
    ASSERT_TRUE(plan.has_value()) << describe(plan.error());
    EXPECT_EQ(to_text(*plan), "");
    EXPECT_EQ(in_words(*plan), "");
    EXPECT_EQ(opening_at(*plan, {}, Time{}), OpenState::kOpen);
  }
}

TEST(PoolPlanText, SaysWhatIsWrongAndWhatToWrite) {
  EXPECT_EQ(refused("[]"), "plan must be an object");
  EXPECT_EQ(refused("{"), "plan is not valid JSON");
  EXPECT_EQ(refused(R"({"hour":{}})"), "plan.hour is not known");
  EXPECT_THAT(refused(R"({"hours":{"open":["mon 08:00-09:00"]}})"), HasSubstr(R"("zone", like "Asia/Tokyo")"));
  EXPECT_THAT(refused(R"({"hours":{"zone":"UTC","open":["monday 08:00-09:00"]}})"), HasSubstr("is no time; write"));
  EXPECT_THAT(refused(R"({"hours":{"zone":"UTC","open":["08:00-08:00"]}})"), HasSubstr("is no time"));
  EXPECT_THAT(refused(R"({"hours":{"zone":"UTC","open":["08:00-09:00"],"holidays":["31.12."]}})"),
              HasSubstr("is no date"));
  EXPECT_EQ(refused(R"({"hours":{"zone":"UTC","open":["08:00-09:00"],"lead_minutes":999}})"),
            "plan.hours.lead_minutes must be a whole number from 0 to 240");
  EXPECT_THAT(refused(R"({"closed":{"unused":"stop"}})"), HasSubstr("plan.closed needs plan.hours"));
  EXPECT_THAT(refused(R"({"idle":{"action":"delete","after_seconds":600}})"), HasSubstr("keep_seconds"));
  EXPECT_THAT(refused(R"({"idle":{"action":"hibernate","after_seconds":600}})"), HasSubstr("one of: keep, suspend"));
  EXPECT_THAT(refused(R"({"idle":{"action":"stop","after_seconds":-5}})"), HasSubstr("from 10 to"));
  EXPECT_THAT(refused(R"({"disk":{"size_gib":5,"kind":"floppy"}})"), HasSubstr("disk, folder"));
  EXPECT_THAT(refused(R"({"disk":{"name":"Home","size_gib":5}})"), HasSubstr("plan.disk.name"));
  EXPECT_THAT(refused(R"({"disk":{}})"), HasSubstr("plan.disk.size_gib is missing"));
  EXPECT_THAT(refused(std::string(kMaxPlanBytes + 1, ' ')), HasSubstr("larger than"));
}

TEST(PoolPlanText, MustFitItsPool) {
  const auto with = [](std::string_view disk, PoolKind kind, std::uint32_t spares) {
    Pool pool;
    pool.kind = kind;
    pool.spares = spares;
    const auto plan = parse_pool_plan(disk);
    return plan.has_value() && check_plan(*plan, pool).has_value();
  };
  constexpr std::string_view kDisk = R"({"disk":{"size_gib":5}})";
  constexpr std::string_view kFolder = R"({"disk":{"size_gib":5,"kind":"folder"}})";
  EXPECT_TRUE(with(kDisk, PoolKind::kFloating, 3));
  EXPECT_FALSE(with(kDisk, PoolKind::kDedicated, 0));
  EXPECT_FALSE(with(kDisk, PoolKind::kManual, 0));
  EXPECT_TRUE(with(kFolder, PoolKind::kFloating, 0));
  EXPECT_TRUE(with(kFolder, PoolKind::kDedicated, 0));
  EXPECT_FALSE(with(kFolder, PoolKind::kFloating, 1)) << "its device must be there from the start";
  Pool containers;
  containers.kind = PoolKind::kFloating;
  containers.machine = Machine::kContainer;
  EXPECT_FALSE(check_plan(parse_pool_plan(kDisk).value(), containers));
  EXPECT_TRUE(check_plan(PoolPlan{}, containers));
}

// ---- when it is open

class PoolHours : public ::testing::Test {
 protected:
  void open(const std::string& hours, const std::string& more = "") {
    plan_ = parse_pool_plan(R"({"hours":{"zone":"Europe/Berlin","open":[")" + hours + "\"]" + more + "}}").value();
  }
  [[nodiscard]] OpenState at(std::chrono::sys_seconds time) const { return opening_at(plan_, berlin_zones(), time); }

  PoolPlan plan_;
};

using std::chrono::sys_days;
using std::chrono::year;

TEST_F(PoolHours, FollowTheClockOnTheWallInWinterAndSummer) {
  open("mon-fri 08:00-18:00");
  const sys_days winter = year(2026) / 1 / 15;  // a Thursday
  EXPECT_EQ(at(winter + 6h + 59min + 59s), OpenState::kClosed);
  EXPECT_EQ(at(winter + 7h), OpenState::kOpen) << "8:00 is 7:00 UTC";
  EXPECT_EQ(at(winter + 17h), OpenState::kClosed);
  const sys_days summer = year(2026) / 7 / 16;
  EXPECT_EQ(at(summer + 5h + 59min), OpenState::kClosed);
  EXPECT_EQ(at(summer + 6h), OpenState::kOpen) << "8:00 is 6:00 UTC";
  EXPECT_EQ(at(sys_days(year(2026) / 1 / 17) + 10h), OpenState::kClosed) << "a Saturday";
}

// On 29 March 2026 the clock goes from 2:00 to 3:00, on 25 October from 3:00 back to 2:00; both are Sundays.
TEST_F(PoolHours, LastAnHourLessInTheSpringAndAnHourMoreInTheAutumn) {
  open("sun 00:00-06:00");
  const auto open_minutes = [this](sys_days day) {
    int count = 0;
    for (std::chrono::sys_seconds t = day - 3h; t < day + 9h; t += 1min) count += at(t) == OpenState::kOpen ? 1 : 0;
    return count;
  };
  EXPECT_EQ(open_minutes(year(2026) / 3 / 29), 5 * 60);
  EXPECT_EQ(open_minutes(year(2026) / 10 / 25), 7 * 60);
  EXPECT_EQ(open_minutes(year(2026) / 6 / 7), 6 * 60);
}

TEST_F(PoolHours, ATimeThatIsSkippedNeverOpensIt) {
  open("sun 02:00-03:00");
  const sys_days sunday = year(2026) / 3 / 29;
  for (std::chrono::sys_seconds t = sunday - 2h; t < sunday + 4h; t += 1min) {
    ASSERT_EQ(at(t), OpenState::kClosed) << t.time_since_epoch().count();
  }
  EXPECT_EQ(at(sys_days(year(2026) / 10 / 25) + 30min), OpenState::kOpen) << "2:30 in summer time";
  EXPECT_EQ(at(sys_days(year(2026) / 10 / 25) + 1h + 30min), OpenState::kOpen) << "and again";
}

TEST_F(PoolHours, LeadIsAsLongAsItSaysAlsoOverAChangeOfTheClock) {
  open("sun 04:00-08:00", R"(,"lead_minutes":120)");
  // 4:00 is 2:00 UTC after the change: two hours before are 0:00 UTC, an hour before the change.
  const sys_days spring = year(2026) / 3 / 29;
  EXPECT_EQ(at(spring - 1min), OpenState::kClosed);
  EXPECT_EQ(at(spring), OpenState::kLead);
  EXPECT_EQ(at(spring + 1h + 59min), OpenState::kLead);
  EXPECT_EQ(at(spring + 2h), OpenState::kOpen);
}

TEST_F(PoolHours, HolidaysAreClosedAndANightBelongsToItsEvening) {
  open("mon-fri 22:00-06:00", R"(,"holidays":["2026-12-24","01-01"])");
  EXPECT_EQ(at(sys_days(year(2026) / 12 / 23) + 22h), OpenState::kOpen) << "23:00, a Wednesday";
  EXPECT_EQ(at(sys_days(year(2026) / 12 / 24) + 3h), OpenState::kOpen) << "that night still";
  EXPECT_EQ(at(sys_days(year(2026) / 12 / 24) + 22h), OpenState::kClosed) << "the holiday's own evening";
  EXPECT_EQ(at(sys_days(year(2027) / 1 / 1) + 22h), OpenState::kClosed) << "every year";
}

TEST_F(PoolHours, AZoneThatIsNotKnownIsNoTime) {
  plan_ = parse_pool_plan(R"({"hours":{"zone":"Mars/Olympus","open":["00:00-24:00"]}})").value();
  EXPECT_EQ(at(sys_days(year(2026) / 1 / 15)), OpenState::kUnknown);
}

}  // namespace
}  // namespace tobari::broker
