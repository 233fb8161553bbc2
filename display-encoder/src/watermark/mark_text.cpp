// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/mark_text.h"

#include <algorithm>
#include <format>

#include "drawing/pixel_font.h"

namespace tobari::display {

std::string mark_text(std::string_view user, std::chrono::system_clock::time_point begin, std::string_view address,
                      std::string_view session_id) {
  constexpr std::size_t kPrefix = 8;
  constexpr std::size_t kAddress = 45;  // the longest one in numbers
  const std::string rest = std::format(" {:%Y-%m-%d %H:%M}Z {} {}", std::chrono::floor<std::chrono::minutes>(begin),
                                       address.substr(0, kAddress), session_id.substr(0, kPrefix));
  // A long name must not push the rest out.
  std::string text = std::string(user.substr(0, kMaxMarkText - std::min(rest.size(), kMaxMarkText))) + rest;
  for (char& c : text) {
    if (c != ' ' && !has_glyph(c)) c = '?';
  }
  return text;
}

}  // namespace tobari::display
