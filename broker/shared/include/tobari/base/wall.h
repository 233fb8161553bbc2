// SPDX-License-Identifier: GPL-3.0-or-later
// A wall: several desktops of one user side by side in one session, a screen each.
#pragma once

#include <cstddef>

namespace tobari {

inline constexpr std::size_t kMinWallDesktops = 2;
inline constexpr std::size_t kMaxWallDesktops = 16;  // monitors that a client can have (MS-RDPBCGR 2.2.1.3.6)

}  // namespace tobari
