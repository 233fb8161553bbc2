// SPDX-License-Identifier: GPL-3.0-or-later
// Times as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::display::playback {

// "90", "1:30", "00:01:30.250": microseconds. kInvalidArgument.
[[nodiscard]] Result<std::uint64_t> parse_time(std::string_view text);
[[nodiscard]] std::string to_text(std::uint64_t time_us);  // "00:01:30.250"
[[nodiscard]] std::string wall_text(std::int64_t ms);      // "2026-11-27T08:30:00.000Z"

}  // namespace tobari::display::playback
