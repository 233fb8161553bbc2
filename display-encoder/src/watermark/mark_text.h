// SPDX-License-Identifier: GPL-3.0-or-later
// What a visible mark says.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace tobari::display {

// In a longer text the user's name is cut: it comes from elsewhere.
inline constexpr std::size_t kMaxMarkText = 96;

// "alice 2026-11-27 08:15Z 192.0.2.7 0f8c1a2b": who, since when (UTC, to the minute), from where, and how the session's
// id begins. A session's mark never changes, so that it makes no tile dirty; that is why no clock is shown. Characters
// that the font does not have are question marks.
[[nodiscard]] std::string mark_text(std::string_view user, std::chrono::system_clock::time_point begin,
                                    std::string_view address, std::string_view session_id);

}  // namespace tobari::display
