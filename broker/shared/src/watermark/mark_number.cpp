// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/watermark/mark_number.h>

#include <charconv>
#include <format>

#include <tobari/base/random.h>

namespace tobari::watermark {

std::optional<std::uint64_t> mark_number_of(std::string_view session_id) {
  if (!is_uuid(session_id)) return std::nullopt;
  const std::string digits = std::string(session_id.substr(0, 8)) + std::string(session_id.substr(9, 4)) +
                             std::string(session_id.substr(14, 4));
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

std::string session_prefix(std::uint64_t number) {
  return std::format("{:08x}-{:04x}-{:04x}", number >> 32, (number >> 16) & 0xFFFFu, number & 0xFFFFu);
}

}  // namespace tobari::watermark
