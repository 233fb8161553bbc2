// SPDX-License-Identifier: GPL-3.0-or-later
// Instants as people write them to the policy's tools.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tobari::policy {

// RFC 3339 with a zone: "2026-11-27T22:00:00+09:00", "2026-11-27T13:00:00Z"; whole seconds, years 1970 to 9999. Nothing
// when it is anything else, a local time without a zone included.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_timestamp(std::string_view text) noexcept;

}  // namespace tobari::policy
