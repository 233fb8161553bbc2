// SPDX-License-Identifier: GPL-3.0-or-later
#include "drawing/canvas.h"

#include <algorithm>
#include <span>

#include "drawing/pixel_font.h"

namespace tobari::display {

FrameView Canvas::view() const noexcept {
  const auto bytes = std::as_bytes(std::span(pixels_));
  return {bytes.data(), size_, static_cast<std::size_t>(size_.width) * kBytesPerPixel};
}

void Canvas::fill(const Rect& rect, std::uint32_t colour) {
  const Rect area = intersect(rect, bounds(size_));
  for (int y = area.y; y < area.bottom(); ++y) std::fill_n(row(y) + area.x, area.width, colour);
}

void Canvas::text(Point at, std::string_view text, int scale, std::uint32_t colour) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Glyph& glyph = glyph_of(text[i]);
    const int left = at.x + static_cast<int>(i) * 6 * scale;
    for (int column = 0; column < 5; ++column) {
      for (int line = 0; line < 7; ++line) {
        if ((glyph[static_cast<std::size_t>(column)] >> line & 1) == 0) continue;
        fill({left + column * scale, at.y + line * scale, scale, scale}, colour);
      }
    }
  }
}

}  // namespace tobari::display
