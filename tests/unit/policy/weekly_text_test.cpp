// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/weekly_text.h>

#include <algorithm>

#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

std::string days_again(std::string_view text) {
  std::bitset<7> days;
  return add_days(text, days) ? days_text(days) : "no";
}

TEST(WeeklyText, DaysAreWordsAndRanges) {
  EXPECT_EQ(days_again("mon"), "mon");
  EXPECT_EQ(days_again("mon-fri"), "mon-fri");
  EXPECT_EQ(days_again("sat-sun"), "sat-sun");
  EXPECT_EQ(days_again("fri-mon"), "mon,fri-sun") << "around the end of the week";
  for (const char* bad : {"", "monday", "Mon", "mon-", "-fri", "mon-fri-sun", "mon fri"}) {
    EXPECT_EQ(days_again(bad), "no") << bad;
  }
  std::bitset<7> some;
  ASSERT_TRUE(add_days("mon", some) && add_days("wed-fri", some));
  EXPECT_EQ(days_text(some), "mon,wed-fri");
}

TEST(WeeklyText, TimesAreMinutesOfTheDay) {
  EXPECT_EQ(parse_time_of_day("00:00"), std::chrono::minutes(0));
  EXPECT_EQ(parse_time_of_day("24:00"), std::chrono::minutes(1440));
  EXPECT_EQ(time_text(std::chrono::minutes(510)), "08:30");
  for (const char* bad : {"", "8:30", "24:01", "08:60", "08.30", "0830", "08:3x", "0/:30", "x8:30"}) {
    EXPECT_FALSE(parse_time_of_day(bad)) << bad;
  }
}

TEST(WeeklyText, DatesAreDaysRangesAndEveryYear) {
  Calendar calendar;
  EXPECT_EQ(add_dates("2026-12-29..2027-01-03", 10, calendar), DatesText::kAdded);
  EXPECT_EQ(calendar.dates.size(), 6U);
  EXPECT_EQ(add_dates("05-03", 10, calendar), DatesText::kAdded);
  EXPECT_EQ(add_dates("2026-11-03", 10, calendar), DatesText::kAdded);
  std::ranges::sort(calendar.dates);
  EXPECT_EQ(dates_text(calendar), "2026-11-03 2026-12-29..2027-01-03 05-03");
  for (const char* bad : {"", "2026-02-29", "2027-01-03..2026-12-29", "2026-1-1", "13-01", "2026-12-29..", "12/25",
                          "1x-25", "12-x5", "2026/12/25", "20x6-12-25", "2026-12-x5", "2026-12/25"}) {
    EXPECT_EQ(add_dates(bad, 100, calendar), DatesText::kMalformed) << bad;
  }
  EXPECT_EQ(add_dates("2026-01-01..2026-01-04", 10, calendar), DatesText::kTooMany);
  EXPECT_EQ(calendar.dates.size(), 7U) << "nothing of it was added";
  EXPECT_EQ(add_dates("12-25", 1, calendar), DatesText::kTooMany);
  EXPECT_EQ(calendar.every_year.size(), 1U);
  EXPECT_EQ(dates_text({.every_year = {std::chrono::December / 25, std::chrono::December / 26}}), "12-25 12-26");
}

}  // namespace
}  // namespace tobari::policy
