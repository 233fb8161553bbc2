// SPDX-License-Identifier: GPL-3.0-or-later
// Weekly times with time zones and holidays. Pure: a zone is a table of its offsets, made when the policy is read.
//
// The law of the wall clock: a window is open at an instant when a clock on the wall of that zone shows a time within
// it. An instant has exactly one local time, so that days with a change of the clock need no rule of their own: a time
// that is skipped never comes, a time that is shown twice counts twice.
#pragma once

#include <bitset>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tobari::policy {

struct TimeZone {
  struct Offset {
    std::chrono::sys_seconds from{};
    std::chrono::seconds to_local{};  // local time is UTC plus this
    friend bool operator==(const Offset&, const Offset&) = default;
  };
  std::string name{};             // IANA: "Asia/Tokyo"
  std::vector<Offset> offsets{};  // ascending; the first one holds before too; not empty

  [[nodiscard]] std::chrono::local_seconds local(std::chrono::sys_seconds time) const;
};

// Days of a country or an exchange. A day is on it as one date, or every year.
struct Calendar {
  std::string name{};
  std::vector<std::chrono::local_days> dates{};      // sorted
  std::vector<std::chrono::month_day> every_year{};  // sorted

  [[nodiscard]] bool has(std::chrono::local_days day) const;
};

// From `from` until before `until`, in minutes of the day. When `until` is not later than `from` it is the next day's,
// and the window belongs to the day on which it began: its weekday and its calendars are asked of that day.
struct Window {
  std::bitset<7> days{};                     // 0: Sunday
  std::chrono::minutes from{0};              // 0 .. 24 * 60 - 1
  std::chrono::minutes until{0};             // 1 .. 24 * 60, not equal to `from`
  std::shared_ptr<const TimeZone> zone;      // not null
  std::shared_ptr<const Calendar> except{};  // null, or: not on its days
  std::shared_ptr<const Calendar> only{};    // null, or: on its days only

  [[nodiscard]] bool is_open(std::chrono::sys_seconds time) const;
};

}  // namespace tobari::policy
