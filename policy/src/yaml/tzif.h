// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled time zone files (RFC 9636), as every Unix has them below /usr/share/zoneinfo. Private to src/yaml.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/weekly.h>

namespace tobari::policy {

// The offsets of such a file until the end of 2100: its table, continued by its footer. Nothing when it is malformed,
// counts leap seconds, or has a footer that says days in another way than as "M3.5.0".
[[nodiscard]] std::optional<std::vector<TimeZone::Offset>> parse_tzif(std::string_view bytes);

}  // namespace tobari::policy
