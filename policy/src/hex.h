// SPDX-License-Identifier: GPL-3.0-or-later
// Private to policy/src.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tobari::policy {

// Exactly so many digits of base 16, at most four, in either case.
[[nodiscard]] inline std::optional<std::uint16_t> parse_hex(std::string_view text, std::size_t digits) {
  std::uint16_t value = 0;
  if (text.size() != digits) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + digits, value, 16);
  if (failed != std::errc{} || end != text.data() + digits) return std::nullopt;
  return value;
}

}  // namespace tobari::policy
