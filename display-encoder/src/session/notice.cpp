// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/notice.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tobari::display {
namespace {
constexpr std::uint32_t kBlack = 0xFF000000;
constexpr std::uint32_t kGrey = 0xFFA0A0A0;
constexpr int kCellWidth = 6, kCellHeight = 8;  // of a character
constexpr int kLargest = 3;                     // times that
constexpr int kBetween = 4;                     // lines
constexpr std::size_t kColumns = 72;

}  // namespace

std::vector<std::string_view> text_lines(std::string_view text, std::size_t columns) {
  std::vector<std::string_view> lines;
  while (true) {
    std::string_view line = text.substr(0, text.find('\n'));
    const bool fits = line.size() <= columns;
    if (!fits) {
      const std::size_t blank = line.substr(0, columns + 1).rfind(' ');
      line = line.substr(0, blank == std::string_view::npos || blank == 0 ? columns : blank);
    }
    lines.push_back(line);
    const std::size_t taken =
        line.size() + (line.size() < text.size() && (text[line.size()] == '\n' || text[line.size()] == ' '));
    if (line.size() == text.size()) return lines;
    text.remove_prefix(taken);
  }
}

Canvas draw_notice(Size size, std::string_view text) {
  Canvas canvas(size);
  canvas.fill(bounds(size), kBlack);
  const auto fit = static_cast<std::size_t>(std::max(size.width / kCellWidth, 1));
  const auto lines = text_lines(text, std::min(kColumns, fit));
  const int width = static_cast<int>(std::ranges::max(lines, {}, &std::string_view::size).size()) * kCellWidth;
  const int height = static_cast<int>(lines.size()) * (kCellHeight + kBetween);
  int scale = std::clamp(size.width / std::max(2 * width, 1), 1, kLargest);
  while (scale > 1 && height * scale > size.height) --scale;
  // One line is in the middle as it always was; several are ragged on the right.
  Point at{(size.width - width * scale) / 2, (size.height - (height - kBetween) * scale) / 2};
  for (const std::string_view line : lines) {
    canvas.text(at, line, scale, kGrey);
    at.y += (kCellHeight + kBetween) * scale;
  }
  return canvas;
}

}  // namespace tobari::display
