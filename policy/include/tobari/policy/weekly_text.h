// SPDX-License-Identifier: GPL-3.0-or-later
// Days and times as people write them, in a policy's rules and in a pool's schedule. Pure.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/policy/weekly.h>

namespace tobari::policy {

// "mon", "mon-fri", "fri-mon", added to `days` (0: Sunday). False, and nothing added, when it is none of these.
[[nodiscard]] bool add_days(std::string_view text, std::bitset<7>& days);

// "08:30", up to "24:00", in minutes of the day.
[[nodiscard]] std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text);

// "2026-12-31", "2026-12-29..2027-01-03", or "12-25" for every year, added to `calendar`, which is not sorted then. On
// anything but kAdded nothing was. kTooMany: `calendar` would have more than `most` dates.
enum class DatesText : std::uint8_t { kAdded, kMalformed, kTooMany };
[[nodiscard]] DatesText add_dates(std::string_view text, std::size_t most, Calendar& calendar);

// The same back, as few words as are needed: "mon-fri", "mon,wed-fri"; "08:30"; "2026-12-29..2027-01-03" and "12-25",
// with a blank between them, of a calendar that is sorted.
[[nodiscard]] std::string days_text(const std::bitset<7>& days);
[[nodiscard]] std::string time_text(std::chrono::minutes of_day);
[[nodiscard]] std::string dates_text(const Calendar& calendar);

}  // namespace tobari::policy
