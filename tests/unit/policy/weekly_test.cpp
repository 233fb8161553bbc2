// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/weekly.h>

#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

// Central Europe in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
std::shared_ptr<const TimeZone> europe() {
  return std::make_shared<TimeZone>(
      TimeZone{.name = "Europe/Berlin",
               .offsets = {{.from = sys_days(year(2025) / 10 / 26) + 1h, .to_local = 1h},
                           {.from = sys_days(year(2026) / 3 / 29) + 1h, .to_local = 2h},
                           {.from = sys_days(year(2026) / 10 / 25) + 1h, .to_local = 1h}}});
}

constexpr std::size_t kSunday = 0;
constexpr std::size_t kFriday = 5;

Window window(std::chrono::minutes from, std::chrono::minutes until) {
  Window out;
  out.days.set();
  out.from = from;
  out.until = until;
  out.zone = europe();
  return out;
}

int open_minutes(const Window& w, sys_seconds begin, sys_seconds end) {
  int count = 0;
  for (sys_seconds t = begin; t < end; t += 1min) count += w.is_open(t) ? 1 : 0;
  return count;
}

// The whole local day of the change and an hour on both sides, in UTC.
int open_on_29_march(const Window& w) {
  return open_minutes(w, sys_days(year(2026) / 3 / 28) + 23h, sys_days(year(2026) / 3 / 29) + 22h);
}
int open_on_25_october(const Window& w) {
  return open_minutes(w, sys_days(year(2026) / 10 / 24) + 22h, sys_days(year(2026) / 10 / 25) + 23h);
}

TEST(Window, FollowsTheClockOnTheWall) {
  const Window office = window(8h, 18h);
  EXPECT_FALSE(office.is_open(sys_days(year(2026) / 1 / 15) + 6h + 59min + 59s));
  EXPECT_TRUE(office.is_open(sys_days(year(2026) / 1 / 15) + 7h)) << "winter: 8:00 is 7:00 UTC";
  EXPECT_FALSE(office.is_open(sys_days(year(2026) / 1 / 15) + 17h));
  EXPECT_TRUE(office.is_open(sys_days(year(2026) / 7 / 15) + 6h)) << "summer: 8:00 is 6:00 UTC";
  EXPECT_FALSE(office.is_open(sys_days(year(2026) / 7 / 15) + 16h));
  EXPECT_TRUE(office.is_open(sys_days(year(2020) / 1 / 15) + 7h)) << "before the table: its first offset";
}

TEST(Window, ATimeThatIsSkippedNeverComes) {
  EXPECT_EQ(open_on_29_march(window(2h, 3h)), 0) << "there is no 2:30 on this day";
  EXPECT_EQ(open_on_29_march(window(2h + 30min, 4h)), 60) << "opens at 3:00, when the clock first shows 2:30 or later";
  EXPECT_EQ(open_on_29_march(window(1h, 2h + 30min)), 60) << "closes at 3:00, when 2:00 would have been";
  EXPECT_EQ(open_on_29_march(window(0h, 24h)), 23 * 60);
}

TEST(Window, ATimeThatComesTwiceCountsTwice) {
  EXPECT_EQ(open_on_25_october(window(2h, 3h)), 120);
  EXPECT_EQ(open_on_25_october(window(2h + 30min, 3h)), 60) << "2:30 to 3:00, and again";
  EXPECT_EQ(open_on_25_october(window(0h, 24h)), 25 * 60);
}

TEST(Window, OverMidnightBelongsToTheDayOnWhichItBegan) {
  Window night = window(22h, 6h);
  night.days.reset();
  night.days.set(kFriday);  // 27 November 2026 is one
  const auto friday = sys_days(year(2026) / 11 / 27);
  EXPECT_FALSE(night.is_open(friday + 4h)) << "Friday 5:00 belongs to Thursday";
  EXPECT_TRUE(night.is_open(friday + 21h)) << "Friday 22:00";
  EXPECT_TRUE(night.is_open(friday + 24h + 4h)) << "Saturday 5:00 belongs to Friday";
  EXPECT_FALSE(night.is_open(friday + 24h + 5h)) << "Saturday 6:00";
  EXPECT_FALSE(night.is_open(friday + 24h + 21h)) << "Saturday 22:00";
}

TEST(Window, CalendarsTakeDaysOutOrAreTheOnlyOnes) {
  const auto holidays = std::make_shared<Calendar>(Calendar{.name = "holidays",
                                                            .dates = {std::chrono::local_days(year(2026) / 11 / 27)},
                                                            .every_year = {std::chrono::December / 25}});
  Window except = window(8h, 18h);
  except.except = holidays;
  Window only = window(8h, 18h);
  only.only = holidays;
  const auto noon = [](std::chrono::year_month_day day) { return sys_days(day) + 11h; };
  for (const auto day : {year(2026) / 11 / 27, year(2026) / 12 / 25, year(2031) / 12 / 25}) {
    EXPECT_FALSE(except.is_open(noon(day)));
    EXPECT_TRUE(only.is_open(noon(day)));
  }
  EXPECT_TRUE(except.is_open(noon(year(2026) / 11 / 26)));
  EXPECT_FALSE(only.is_open(noon(year(2026) / 11 / 26)));
  EXPECT_TRUE(except.is_open(noon(year(2027) / 11 / 27))) << "a date is of one year";
}

TEST(Window, HolidaysAreOfTheLocalDay) {
  Window w = window(0h, 24h);
  w.except = std::make_shared<Calendar>(
      Calendar{.name = "c", .dates = {std::chrono::local_days(year(2026) / 11 / 28)}, .every_year = {}});
  EXPECT_TRUE(w.is_open(sys_days(year(2026) / 11 / 27) + 22h + 59min)) << "23:59 of the 27th";
  EXPECT_FALSE(w.is_open(sys_days(year(2026) / 11 / 27) + 23h)) << "0:00 of the 28th";
}

TEST(Window, WeekdaysAreOfTheLocalDay) {
  Window sunday = window(0h, 24h);
  sunday.days.reset();
  sunday.days.set(kSunday);
  EXPECT_FALSE(sunday.is_open(sys_days(year(2026) / 11 / 28) + 22h + 59min));
  EXPECT_TRUE(sunday.is_open(sys_days(year(2026) / 11 / 28) + 23h));
}

}  // namespace
}  // namespace tobari::policy
