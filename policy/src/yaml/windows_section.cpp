// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include "sections.h"
#include "zones.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr const char* kDateHelp =
    " is no date; write '2026-12-31', '2026-12-29..2027-01-03', or '12-25' for every year";

// A number of exactly as many digits.
std::optional<unsigned> digits(std::string_view text, std::size_t count) {
  if (text.size() != count) return std::nullopt;
  const auto value = parse_number(text);
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

std::optional<std::chrono::month_day> parse_month_day(std::string_view text) {
  if (text.size() != 5 || text[2] != '-') return std::nullopt;
  const auto month = digits(text.substr(0, 2), 2);
  const auto day = digits(text.substr(3), 2);
  if (!month || !day) return std::nullopt;
  const std::chrono::month_day out = std::chrono::month(*month) / std::chrono::day(*day);
  return out.ok() ? std::optional(out) : std::nullopt;
}

std::optional<local_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4), 4);
  const auto rest = parse_month_day(text.substr(5));
  if (!year || !rest) return std::nullopt;
  const std::chrono::year_month_day date = std::chrono::year(static_cast<int>(*year)) / *rest;
  return date.ok() ? std::optional(local_days(date)) : std::nullopt;
}

void add_dates(Reader& reader, int line, const std::string& text, Calendar& calendar) {
  if (const auto every_year = parse_month_day(text)) {
    calendar.every_year.push_back(*every_year);
    return;
  }
  const std::size_t dots = text.find("..");
  const auto first = parse_date(std::string_view(text).substr(0, dots));
  const auto last = dots == std::string::npos ? first : parse_date(std::string_view(text).substr(dots + 2));
  if (!first || !last || *last < *first) return reader.error(line, in_quotes(text) + kDateHelp);
  const auto count = static_cast<std::size_t>((*last - *first).count()) + 1;
  if (calendar.dates.size() + count > kMaxCalendarDays) {
    return reader.error(line, "a calendar has at most 10000 days; leave out the past");
  }
  for (local_days day = *first; day <= *last; day += std::chrono::days(1)) calendar.dates.push_back(day);
}

// "mon", "mon-fri", "fri-mon".
bool add_days(std::string_view text, std::bitset<7>& days) {
  const std::size_t dash = text.find('-');
  const auto* const first = std::ranges::find(kDays, text.substr(0, dash));
  const auto* const last = dash == std::string_view::npos ? first : std::ranges::find(kDays, text.substr(dash + 1));
  if (first == kDays.end() || last == kDays.end()) return false;
  for (auto day = static_cast<std::size_t>(first - kDays.begin());; day = (day + 1) % kDays.size()) {
    days.set(day);
    if (day == static_cast<std::size_t>(last - kDays.begin())) return true;
  }
}

std::optional<minutes> parse_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2), 2);
  const auto minute = digits(text.substr(3), 2);
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return minutes(*hour * 60 + *minute);
}

minutes read_time(Reader& reader, const YamlNode* node, const std::string& what, minutes otherwise, minutes latest) {
  if (node == nullptr) return otherwise;
  const auto time = node->kind == Kind::kScalar ? parse_time(node->scalar) : std::nullopt;
  if (time && *time <= latest) return *time;
  reader.error(node->line,
               what + " is a time; write it as '08:30'" + (latest == minutes(24 * 60) ? ", up to '24:00'" : ""));
  return otherwise;
}

std::shared_ptr<const TimeZone> read_zone(Reader& reader, const YamlNode& window, const std::string& where,
                                          Shared& shared) {
  const YamlNode* node = window.find("zone");
  if (node == nullptr) {
    reader.error(window.line, "a time in " + where + " needs 'zone: …'; write one like Asia/Tokyo or UTC");
    return nullptr;
  }
  const auto name = reader.word(*node, "'zone' of " + where, "Asia/Tokyo");
  if (!name) return nullptr;
  const auto [known, is_new] = shared.zones.try_emplace(*name);
  if (is_new) known->second = find_zone(*name);
  if (known->second == nullptr) {
    reader.error(node->line, "there is no time zone " + in_quotes(*name) +
                                 " on this machine; write one like Asia/Tokyo or UTC, or install tzdata");
  }
  return known->second;
}

std::shared_ptr<const Calendar> find_calendar(Reader& reader, const YamlNode* node, const Shared& shared) {
  if (node == nullptr) return nullptr;
  const auto name = reader.word(*node, "a calendar's name", "tokyo-holidays");
  if (!name) return nullptr;
  const auto found = shared.calendars.find(*name);
  if (found != shared.calendars.end()) return found->second;
  reader.error(node->line, "there is no calendar " + in_quotes(*name) + "; add it under 'calendars:'");
  return nullptr;
}

Window read_window(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared) {
  Window window;
  if (const YamlNode* days = node.find("days")) {
    reader.each_text(*days, "'days' of " + where, [&](int line, const std::string& text) {
      if (!add_days(text, window.days))
        reader.error(line,
                     in_quotes(text) + " is no day; write mon, tue, wed, thu, fri, sat, sun or a range like mon-fri");
    });
  } else {
    window.days.set();
  }
  window.from = read_time(reader, node.find("from"), "'from' of " + where, minutes(0), minutes(24 * 60 - 1));
  window.until = read_time(reader, node.find("until"), "'until' of " + where, minutes(24 * 60), minutes(24 * 60));
  if (window.from == window.until) {
    reader.error(node.line, "a time in " + where + " begins when it ends; leave both out to mean the whole day");
  }
  window.zone = read_zone(reader, node, where, shared);
  window.except = find_calendar(reader, node.find("except"), shared);
  window.only = find_calendar(reader, node.find("only"), shared);
  return window;
}

}  // namespace

void read_calendars(Reader& reader, const YamlNode& node, Shared& shared) {
  if (node.kind != Kind::kMap) {
    return reader.error(node.line, "'calendars:' is written as 'NAME: [2026-12-31, 2027-01-01]' lines");
  }
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const YamlNode& name = node.items[i];
    if (name.kind != Kind::kScalar || !is_good_name(name.scalar)) {
      reader.error(name.line, "a calendar's name has 1 to 128 characters");
    }
    auto calendar = std::make_shared<Calendar>();
    calendar->name = name.scalar;
    reader.each_text(node.items[i + 1], "calendar " + in_quotes(name.scalar),
                     [&](int line, const std::string& text) { add_dates(reader, line, text, *calendar); });
    std::ranges::sort(calendar->dates);
    std::ranges::sort(calendar->every_year);
    if (!shared.calendars.emplace(name.scalar, std::move(calendar)).second) {
      reader.error(name.line, "calendar " + in_quotes(name.scalar) + " stands twice; put all days into one");
    }
  }
}

std::vector<Window> read_windows(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared) {
  std::vector<Window> windows;
  reader.each_map(node, "window", "'when' of " + where,
                  [&](const YamlNode& item) { windows.push_back(read_window(reader, item, where, shared)); });
  return windows;
}

}  // namespace tobari::policy
