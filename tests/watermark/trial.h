// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures that must be read, and pictures in which nothing may be found. Both lists are endless and always the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <tobari/watermark/mark_reader.h>

namespace tobari::display::testing {

inline constexpr std::size_t kDistortions = 20;

struct Trial {
  std::string what;          // "text, light; half as large, JPEG 50"
  std::uint64_t number = 0;  // of its mark
  watermark::GreyPicture picture;
};

// A marked desktop of 1920x1080, distorted: every desktop with every distortion within the first 200.
[[nodiscard]] Trial distorted(std::size_t index);

// No mark: desktops of 960x540, photographs, noise, some of them stored with loss.
[[nodiscard]] Trial unmarked(std::size_t index);

}  // namespace tobari::display::testing
