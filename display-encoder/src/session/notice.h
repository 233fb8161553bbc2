// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown where there is no desktop, or not yet: text on black.
#pragma once

#include <string_view>

#include "drawing/canvas.h"

namespace tobari::display {

// Lines end at \n and where they become too long. size.valid()
[[nodiscard]] Canvas draw_notice(Size size, std::string_view text);

}  // namespace tobari::display
