// SPDX-License-Identifier: GPL-3.0-or-later
// Which way something is tried, in the words of the leak test's table.
#pragma once

namespace tobari::leak {

inline constexpr const char* kToGuest = "to guest";
inline constexpr const char* kFromGuest = "from guest";

}  // namespace tobari::leak
