// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/warning.h"

#include <algorithm>
#include <cstdint>
#include <format>
#include <vector>

#include "session/notice.h"

namespace tobari::display {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kInSeconds{120};  // from here on the seconds are shown
constexpr std::uint32_t kGround = 0xFF7A1010;
constexpr std::uint32_t kInk = 0xFFFFFFFF;
constexpr int kGlyphWidth = 6, kLineHeight = 11;
constexpr int kMargin = 6;
constexpr std::size_t kMostColumns = 100;

}  // namespace

std::string countdown(milliseconds left) {
  if (left.count() <= 0) return "NOW";
  if (left > kInSeconds) return std::format("IN {} MINUTES", ceil<minutes>(left).count());
  const auto rest = ceil<seconds>(left).count();
  return std::format("IN {}:{:02}", rest / 60, rest % 60);
}

milliseconds countdown_holds(milliseconds left) {
  if (left.count() <= 0) return milliseconds(0);
  const milliseconds shown = left > kInSeconds ? milliseconds(ceil<minutes>(left)) - minutes(1)
                                               : milliseconds(ceil<seconds>(left)) - seconds(1);
  // Where minutes become seconds something changes as well.
  const milliseconds next = left > kInSeconds ? std::max<milliseconds>(shown, kInSeconds) : shown;
  return std::max(left - next, milliseconds(1));
}

Canvas draw_warning(Size picture, std::string_view text) {
  const int scale = std::clamp(picture.width / 640, 1, 3);
  const int columns = std::max((picture.width - 2 * kMargin) / (kGlyphWidth * scale), 1);
  const auto lines = text_lines(text, std::min(kMostColumns, static_cast<std::size_t>(columns)));
  const int wanted = static_cast<int>(lines.size()) * kLineHeight * scale + 2 * kMargin;
  Canvas canvas({picture.width, std::clamp(wanted, 1, std::max(picture.height / 3, 1))});
  canvas.fill(bounds(canvas.size()), kGround);
  int y = kMargin;
  for (const std::string_view line : lines) {
    const int width = static_cast<int>(line.size()) * kGlyphWidth * scale;
    canvas.text({std::max((picture.width - width) / 2, kMargin), y}, line, scale, kInk);
    y += kLineHeight * scale;
  }
  return canvas;
}

}  // namespace tobari::display
