// SPDX-License-Identifier: GPL-3.0-or-later
#include "tzif.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "posix_zone.h"

namespace tobari::policy {
namespace {

using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr std::size_t kHeaderSize = 44;
constexpr std::size_t kTypeSize = 6;  // offset, is it summer time, designation
constexpr int kLastYear = 2100;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

struct Header {
  char version = 0;
  std::size_t utc_indicators = 0, wall_indicators = 0, leaps = 0, times = 0, types = 0, characters = 0;

  // Of the data behind it, whose times have so many bytes.
  [[nodiscard]] std::size_t data_size(std::size_t time_size) const {
    return times * (time_size + 1) + types * kTypeSize + characters + leaps * (time_size + 4) + wall_indicators +
           utc_indicators;
  }
};

std::optional<Header> parse_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with("TZif")) return std::nullopt;
  const auto count = [&bytes](std::size_t number) {
    return static_cast<std::size_t>(big_endian(bytes.substr(20 + number * 4, 4)));
  };
  return Header{.version = bytes[4],
                .utc_indicators = count(0),
                .wall_indicators = count(1),
                .leaps = count(2),
                .times = count(3),
                .types = count(4),
                .characters = count(5)};
}

std::optional<seconds> offset_of_type(std::string_view types, std::size_t number) {
  if ((number + 1) * kTypeSize > types.size()) return std::nullopt;
  return seconds(static_cast<std::int32_t>(big_endian(types.substr(number * kTypeSize, 4))));
}

// The file's own table, in its 64-bit form.
std::optional<std::vector<TimeZone::Offset>> parse_table(const Header& header, std::string_view data) {
  constexpr std::size_t kTimeSize = 8;
  const std::string_view times = data.substr(0, header.times * kTimeSize);
  const std::string_view numbers = data.substr(times.size(), header.times);
  const std::string_view types = data.substr(times.size() + numbers.size(), header.types * kTypeSize);
  std::vector<TimeZone::Offset> offsets;
  const auto first = offset_of_type(types, 0);
  if (!first) return std::nullopt;
  offsets.push_back({.from = sys_seconds::min(), .to_local = *first});
  for (std::size_t i = 0; i < header.times; ++i) {
    const auto offset = offset_of_type(types, static_cast<unsigned char>(numbers[i]));
    const sys_seconds from(seconds(static_cast<std::int64_t>(big_endian(times.substr(i * kTimeSize, kTimeSize)))));
    if (!offset || from < offsets.back().from) return std::nullopt;
    offsets.push_back({.from = from, .to_local = *offset});
  }
  return offsets;
}

void continue_by(const PosixZone& zone, std::vector<TimeZone::Offset>& offsets) {
  const sys_seconds last = offsets.back().from;
  if (!zone.summer) {
    if (offsets.back().to_local != zone.standard) offsets.push_back({.from = last, .to_local = zone.standard});
    return;
  }
  const bool has_table = last > sys_seconds::min();
  const year begin =
      has_table ? std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(last)).year() : year(1970);
  std::vector<TimeZone::Offset> more;
  for (year y = std::max(begin, year(1970)); y <= year(kLastYear); ++y) {
    more.push_back({.from = zone.summer->begin.in(y)-zone.standard, .to_local = zone.summer->to_local});
    more.push_back({.from = zone.summer->end.in(y)-zone.summer->to_local, .to_local = zone.standard});
  }
  std::ranges::sort(more, {}, &TimeZone::Offset::from);
  for (const TimeZone::Offset& change : more) {
    if (change.from > last) offsets.push_back(change);
  }
}

}  // namespace

std::optional<std::vector<TimeZone::Offset>> parse_tzif(std::string_view bytes) {
  const auto old = parse_header(bytes);
  if (!old || old->version < '2') return std::nullopt;
  const std::size_t old_size = kHeaderSize + old->data_size(4);
  if (bytes.size() < old_size) return std::nullopt;
  bytes.remove_prefix(old_size);

  const auto header = parse_header(bytes);
  if (!header || header->leaps > 0 || bytes.size() < kHeaderSize + header->data_size(8)) return std::nullopt;
  auto offsets = parse_table(*header, bytes.substr(kHeaderSize));
  const std::string_view footer = bytes.substr(kHeaderSize + header->data_size(8));
  if (!offsets || footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return std::nullopt;
  if (footer.size() == 2) return offsets;  // the table says it all
  const auto zone = parse_posix_zone(footer.substr(1, footer.size() - 2));
  if (!zone) return std::nullopt;
  continue_by(*zone, *offsets);
  return offsets;
}

}  // namespace tobari::policy
