// SPDX-License-Identifier: GPL-3.0-or-later
#include "posix_zone.h"

#include <charconv>

namespace tobari::policy {
namespace {

using std::chrono::seconds;

constexpr int kMaxHours = 167;  // RFC 9636: a week and more in rules

// Reads from the front. After the first failure nothing is read any more.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }
  [[nodiscard]] bool next_is(char c) const noexcept { return text_.starts_with(c); }

  bool take(char c) {
    const bool there = next_is(c);
    if (there) text_.remove_prefix(1);
    return there;
  }
  void need(char c) { good_ = take(c) && good_; }

  unsigned number(unsigned min, unsigned max) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (failed != std::errc{} || value < min || value > max) {
      good_ = false;
      return min;
    }
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }

  // Three or more letters, or anything in <>.
  void name() {
    const bool quoted = take('<');
    std::size_t size = 0;
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    while (size < text_.size() && (quoted ? text_[size] != '>' : is_letter(text_[size]))) ++size;
    good_ = good_ && size >= 3;
    text_.remove_prefix(size);
    if (quoted) need('>');
  }

  // "[+-]hh[:mm[:ss]]"
  seconds time() {
    const bool negative = take('-');
    if (!negative) take('+');
    seconds value = std::chrono::hours(number(0, kMaxHours));
    if (take(':')) value += std::chrono::minutes(number(0, 59));
    if (take(':')) value += seconds(number(0, 59));
    return negative ? -value : value;
  }

  PosixDay day() {
    PosixDay out;
    need('M');
    out.month = number(1, 12);
    need('.');
    out.week = number(1, 5);
    need('.');
    out.weekday = number(0, 6);
    if (take('/')) out.time = time();
    return out;
  }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace

std::chrono::sys_seconds PosixDay::in(std::chrono::year year) const {
  const std::chrono::weekday day(weekday);
  const auto in_month = year / std::chrono::month(month);
  const std::chrono::sys_days date = week == 5 ? std::chrono::sys_days(in_month / day[std::chrono::last])
                                               : std::chrono::sys_days(in_month / day[week]);
  return date + time;
}

std::optional<PosixZone> parse_posix_zone(std::string_view text) {
  PosixZone zone;
  Cursor cursor(text);
  cursor.name();
  zone.standard = -cursor.time();  // POSIX counts to the west
  if (cursor.good() && cursor.at_end()) return zone;

  PosixZone::Summer summer{.to_local = zone.standard + std::chrono::hours(1)};
  cursor.name();
  if (!cursor.next_is(',')) summer.to_local = -cursor.time();
  cursor.need(',');
  summer.begin = cursor.day();
  cursor.need(',');
  summer.end = cursor.day();
  zone.summer = summer;
  return cursor.good() && cursor.at_end() ? std::optional(zone) : std::nullopt;
}

}  // namespace tobari::policy
