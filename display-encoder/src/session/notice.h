// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown where there is no desktop, or not yet: text on black.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "drawing/canvas.h"

namespace tobari::display {

// At most so many characters a line, broken at blanks where there are any.
[[nodiscard]] std::vector<std::string_view> text_lines(std::string_view text, std::size_t columns);

// Lines end at \n and where they become too long. size.valid()
[[nodiscard]] Canvas draw_notice(Size size, std::string_view text);

}  // namespace tobari::display
