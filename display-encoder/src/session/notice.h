// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown where there is no desktop: a line of text on black.
#pragma once

#include <string_view>

#include "drawing/canvas.h"

namespace tobari::display {

[[nodiscard]] Canvas draw_notice(Size size, std::string_view text);  // size.valid()

}  // namespace tobari::display
