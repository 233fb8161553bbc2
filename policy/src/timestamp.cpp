// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/timestamp.h>

#include <algorithm>
#include <cstddef>

namespace tobari::policy {
namespace {

constexpr std::string_view kShape = "0000-00-00T00:00:00";  // 0: a digit
constexpr std::string_view kZoneShape = "+00:00";

bool has_shape(std::string_view text, std::string_view shape) noexcept {
  return text.size() == shape.size() && std::ranges::equal(text, shape, [](char c, char like) {
           return like == '0' ? c >= '0' && c <= '9' : c == like;
         });
}

// Of digits only.
unsigned number(std::string_view text, std::size_t at, std::size_t count) noexcept {
  unsigned value = 0;
  for (const char c : text.substr(at, count)) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

std::optional<std::chrono::seconds> parse_offset(std::string_view text) noexcept {
  if (text == "Z") return std::chrono::seconds(0);
  const bool west = text.starts_with('-');
  if (!has_shape(text.substr(west ? 1 : 0), kZoneShape.substr(west ? 1 : 0))) return std::nullopt;
  const unsigned hours = number(text, 1, 2);
  const unsigned minutes = number(text, 4, 2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::chrono::seconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_timestamp(std::string_view text) noexcept {
  const std::string_view local = text.substr(0, kShape.size());
  if (!has_shape(local, kShape)) return std::nullopt;
  const auto offset = parse_offset(text.substr(kShape.size()));
  const std::chrono::year_month_day day = std::chrono::year(static_cast<int>(number(local, 0, 4))) /
                                          std::chrono::month(number(local, 5, 2)) /
                                          std::chrono::day(number(local, 8, 2));
  const unsigned hours = number(local, 11, 2);
  const unsigned minutes = number(local, 14, 2);
  const unsigned seconds = number(local, 17, 2);
  if (!offset || !day.ok() || day.year() < std::chrono::year(1970) || hours > 23 || minutes > 59 || seconds > 59) {
    return std::nullopt;
  }
  return std::chrono::sys_days(day) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds) - *offset;
}

}  // namespace tobari::policy
