// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops of all kinds to lay a mark on, made up from fixed seeds.
#pragma once

#include <cstdint>
#include <string_view>

#include "pictures.h"

namespace tobari::display::testing {

enum class Desktop : std::uint8_t {
  kTextLight,
  kTextDark,
  kTextSubpixel,
  kInterface,
  kChart,
  kPhoto,        // smooth, with a camera's noise
  kWhitePage,    // nearly empty
  kBlackScreen,  // a few lines in a corner
  kMixed,        // windows and a photograph
  kLandscape,    // rough everywhere, with a window in front
  kNoise         // for what has no mark only: it is no desktop
};
inline constexpr std::size_t kDesktops = 10;  // without the noise

[[nodiscard]] std::string_view name_of(Desktop desktop);
[[nodiscard]] Picture make_desktop(Desktop desktop, Size size, std::uint32_t seed);

// As a client with this number in its mark is shown it; the text likewise, empty: none.
[[nodiscard]] Picture marked(const Picture& picture, std::uint64_t number, std::string_view text = {});

}  // namespace tobari::display::testing
