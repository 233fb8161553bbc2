// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <chrono>
#include <string_view>

#include <tobari/policy/weekly_text.h>
#include <tobari/policy/zones.h>

#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
using std::chrono::minutes;

constexpr const char* kDateHelp =
    " is no date; write '2026-12-31', '2026-12-29..2027-01-03', or '12-25' for every year";

void read_dates(Reader& reader, int line, const std::string& text, Calendar& calendar) {
  switch (add_dates(text, kMaxCalendarDays, calendar)) {
    case DatesText::kAdded:
      return;
    case DatesText::kMalformed:
      return reader.error(line, in_quotes(text) + kDateHelp);
    case DatesText::kTooMany:
      return reader.error(line, "a calendar has at most 10000 days; leave out the past");
  }
}

minutes read_time(Reader& reader, const YamlNode* node, const std::string& what, minutes otherwise, minutes latest) {
  if (node == nullptr) return otherwise;
  const auto time = node->kind == Kind::kScalar ? parse_time_of_day(node->scalar) : std::nullopt;
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
                     [&](int line, const std::string& text) { read_dates(reader, line, text, *calendar); });
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
