// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/weekly.h>

#include <algorithm>

namespace tobari::policy {

using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

local_seconds TimeZone::local(sys_seconds time) const {
  const auto after = std::ranges::upper_bound(offsets, time, {}, &Offset::from);
  const Offset& current = after == offsets.begin() ? *after : *(after - 1);
  return local_seconds((time + current.to_local).time_since_epoch());
}

bool Calendar::has(local_days day) const {
  const std::chrono::year_month_day date(day);
  return std::ranges::binary_search(dates, day) || std::ranges::binary_search(every_year, date.month() / date.day());
}

bool Window::is_open(sys_seconds time) const {
  const local_seconds now = zone->local(time);
  const local_days today = std::chrono::floor<std::chrono::days>(now);
  const seconds of_day = now - today;
  const auto counts = [this](local_days day) {
    return days.test(std::chrono::weekday(day).c_encoding()) && (except == nullptr || !except->has(day)) &&
           (only == nullptr || only->has(day));
  };
  if (until > from) return of_day >= from && of_day < until && counts(today);
  return (of_day >= from && counts(today)) || (of_day < until && counts(today - std::chrono::days(1)));
}

}  // namespace tobari::policy
