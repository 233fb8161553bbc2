// SPDX-License-Identifier: GPL-3.0-or-later
// A small picture of a desktop, as it travels: display process -> host agent -> broker -> whoever may see it. JPEG
// (JFIF). Everybody on the way checks it, because the process that made it reads hostile bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace tobari {

inline constexpr std::size_t kMaxThumbnailBytes = std::size_t{48} * 1024;
inline constexpr int kMaxThumbnailSide = 480;  // pixels

// Not more than a look at both ends (ITU-T T.81, B.1.1.3: SOI and a marker, EOI): enough to pass nothing else on under
// a picture's name.
[[nodiscard]] constexpr bool is_thumbnail(std::string_view bytes) noexcept {
  return bytes.size() <= kMaxThumbnailBytes && bytes.size() > 4 && bytes.starts_with("\xFF\xD8\xFF") &&
         bytes.ends_with("\xFF\xD9");
}

}  // namespace tobari
