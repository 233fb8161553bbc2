// SPDX-License-Identifier: GPL-3.0-or-later
// What stands over the top of a desktop's picture when it is about to end: a text, and how long it is until then.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "drawing/canvas.h"

namespace tobari::display {

// "IN 5 MINUTES" while that is exact enough, "IN 1:30" in the end, "NOW".
[[nodiscard]] std::string countdown(std::chrono::milliseconds left);
// How long that stays right; zero: for good.
[[nodiscard]] std::chrono::milliseconds countdown_holds(std::chrono::milliseconds left);

// As wide as the picture, and at most a third as high. size.valid()
[[nodiscard]] Canvas draw_warning(Size picture, std::string_view text);

}  // namespace tobari::display
