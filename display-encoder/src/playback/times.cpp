// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/times.h"

#include <charconv>
#include <chrono>
#include <format>

namespace tobari::display::playback {
namespace {
constexpr std::uint64_t kSecond = 1'000'000;
constexpr std::uint64_t kLongest = 1000 * 3600 * kSecond;
}  // namespace

Result<std::uint64_t> parse_time(std::string_view text) {
  const auto wrong = [text] {
    return fail(Errc::kInvalidArgument, std::format("'{}' is no time; write SECONDS, MM:SS or HH:MM:SS.mmm", text));
  };
  double seconds = 0;
  std::string_view left = text;
  for (int part = 0;; ++part) {
    const std::size_t colon = left.find(':');
    const std::string_view word = left.substr(0, colon);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != word.data() + word.size() || value < 0 || part > 2) return wrong();
    seconds = seconds * 60 + value;
    if (colon == std::string_view::npos) break;
    left = left.substr(colon + 1);
  }
  if (seconds * static_cast<double>(kSecond) > static_cast<double>(kLongest)) return wrong();
  return static_cast<std::uint64_t>(seconds * static_cast<double>(kSecond) + 0.5);
}

std::string to_text(std::uint64_t time_us) {
  const std::uint64_t ms = time_us / 1000;
  return std::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::string wall_text(std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  return std::format("{:%FT%TZ}", time);
}

}  // namespace tobari::display::playback
