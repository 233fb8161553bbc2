// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/weekly_text.h>

#include <algorithm>
#include <array>
#include <format>

namespace tobari::policy {
namespace {

using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDayWords{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::size_t kMonday = 1;  // weeks are written from here

// A number of digits only, at most four.
std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::optional<std::chrono::month_day> month_day_of(std::string_view text) {
  if (text.size() != 5 || text[2] != '-') return std::nullopt;
  const auto month = digits(text.substr(0, 2));
  const auto day = digits(text.substr(3));
  if (!month || !day) return std::nullopt;
  const std::chrono::month_day out = std::chrono::month(*month) / std::chrono::day(*day);
  return out.ok() ? std::optional(out) : std::nullopt;
}

std::optional<local_days> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto rest = month_day_of(text.substr(5));
  if (!year || !rest) return std::nullopt;
  const year_month_day date = std::chrono::year(static_cast<int>(*year)) / *rest;
  return date.ok() ? std::optional(local_days(date)) : std::nullopt;
}

std::string month_day_text(const std::chrono::month_day& day) {
  return std::format("{:02}-{:02}", static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::string date_text(local_days day) {
  const year_month_day date(day);
  return std::format("{:04}-{}", static_cast<int>(date.year()), month_day_text(date.month() / date.day()));
}

}  // namespace

bool add_days(std::string_view text, std::bitset<7>& days) {
  const std::size_t dash = text.find('-');
  const auto* const first = std::ranges::find(kDayWords, text.substr(0, dash));
  const auto* const last = dash == std::string_view::npos ? first : std::ranges::find(kDayWords, text.substr(dash + 1));
  if (first == kDayWords.end() || last == kDayWords.end()) return false;
  for (auto day = static_cast<std::size_t>(first - kDayWords.begin());; day = (day + 1) % kDayWords.size()) {
    days.set(day);
    if (day == static_cast<std::size_t>(last - kDayWords.begin())) return true;
  }
}

std::optional<minutes> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3));
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return minutes(*hour * 60 + *minute);
}

DatesText add_dates(std::string_view text, std::size_t most, Calendar& calendar) {
  if (const auto every_year = month_day_of(text)) {
    if (calendar.every_year.size() >= most) return DatesText::kTooMany;
    calendar.every_year.push_back(*every_year);
    return DatesText::kAdded;
  }
  const std::size_t dots = text.find("..");
  const auto first = date_of(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : date_of(text.substr(dots + 2));
  if (!first || !last || *last < *first) return DatesText::kMalformed;
  const auto count = static_cast<std::size_t>((*last - *first).count()) + 1;
  if (calendar.dates.size() + count > most) return DatesText::kTooMany;
  for (local_days day = *first; day <= *last; day += std::chrono::days(1)) calendar.dates.push_back(day);
  return DatesText::kAdded;
}

std::string days_text(const std::bitset<7>& days) {
  std::string text;
  for (std::size_t i = 0; i < kDayWords.size(); ++i) {
    const std::size_t first = (kMonday + i) % kDayWords.size();
    if (!days.test(first)) continue;
    std::size_t last = first;
    while (i + 1 < kDayWords.size() && days.test((kMonday + i + 1) % kDayWords.size())) {
      ++i;
      last = (kMonday + i) % kDayWords.size();
    }
    text.append(text.empty() ? "" : ",").append(kDayWords[first]);
    if (last != first) text.append("-").append(kDayWords[last]);
  }
  return text;
}

std::string time_text(minutes of_day) { return std::format("{:02}:{:02}", of_day.count() / 60, of_day.count() % 60); }

std::string dates_text(const Calendar& calendar) {
  std::string text;
  for (std::size_t i = 0; i < calendar.dates.size(); ++i) {
    const local_days first = calendar.dates[i];
    local_days last = first;
    while (i + 1 < calendar.dates.size() && calendar.dates[i + 1] - last <= std::chrono::days(1)) {
      last = calendar.dates[++i];
    }
    text.append(text.empty() ? "" : " ").append(date_text(first));
    if (last != first) text.append("..").append(date_text(last));
  }
  for (const std::chrono::month_day& day : calendar.every_year) {
    text.append(text.empty() ? "" : " ").append(month_day_text(day));
  }
  return text;
}

}  // namespace tobari::policy
