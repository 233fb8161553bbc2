// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/notice.h"

#include <algorithm>

namespace tobari::display {
namespace {
constexpr std::uint32_t kBlack = 0xFF000000;
constexpr std::uint32_t kGrey = 0xFFA0A0A0;
constexpr int kCellWidth = 6, kCellHeight = 8;  // of a character
constexpr int kLargest = 3;                     // times that
}  // namespace

Canvas draw_notice(Size size, std::string_view text) {
  Canvas canvas(size);
  canvas.fill(bounds(size), kBlack);
  const int width = static_cast<int>(text.size()) * kCellWidth;
  const int scale = std::clamp(size.width / std::max(2 * width, 1), 1, kLargest);
  canvas.text({(size.width - width * scale) / 2, (size.height - kCellHeight * scale) / 2}, text, scale, kGrey);
  return canvas;
}

}  // namespace tobari::display
