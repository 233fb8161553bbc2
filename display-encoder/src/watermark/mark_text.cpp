// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/mark_text.h"

#include <format>

#include "drawing/pixel_font.h"

namespace tobari::display {

std::string mark_text(std::string_view user, std::chrono::system_clock::time_point begin, std::string_view address,
                      std::string_view session_id) {
  constexpr std::size_t kPrefix = 8;
  std::string text = std::format("{} {:%Y-%m-%d %H:%M}Z {} {}", user, std::chrono::floor<std::chrono::minutes>(begin),
                                 address, session_id.substr(0, kPrefix));
  if (text.size() > kMaxMarkText) text.resize(kMaxMarkText);
  for (char& c : text) {
    if (c != ' ' && !has_glyph(c)) c = '?';
  }
  return text;
}

}  // namespace tobari::display
