// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop's background: a curtain (tobari) in soft folds, computed for any size, so that no picture is scaled.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tobari::guest {

struct Backdrop {
  int width;
  int height;
  std::vector<std::uint32_t> pixels;  // 0x00RRGGBB, row after row
};

// Folds are columns, so that a screen of it costs a remote display next to nothing: each row repeats over long spans.
inline Backdrop draw_backdrop(int width, int height) {
  constexpr std::array kTop{38.0, 62.0, 98.0};
  constexpr std::array kBottom{15.0, 26.0, 48.0};
  constexpr double kTurn = 6.283185307179586;

  std::vector<double> fold(static_cast<std::size_t>(width));
  for (int x = 0; x < width; ++x) {
    const double u = static_cast<double>(x) / 1280.0;
    const double wave = std::sin(kTurn * (u * 5.0 + 0.22 * std::sin(kTurn * u * 1.3)));
    const double ripple = std::sin(kTurn * (u * 11.0 + 0.4));
    fold[static_cast<std::size_t>(x)] = 1.0 + 0.13 * wave + 0.05 * ripple;
  }

  Backdrop backdrop{width, height,
                    std::vector<std::uint32_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
  auto* out = backdrop.pixels.data();
  for (int y = 0; y < height; ++y) {
    const double t = std::pow(static_cast<double>(y) / height, 0.8);
    std::array<double, 3> base{};
    for (std::size_t c = 0; c < 3; ++c) base[c] = kTop[c] + (kBottom[c] - kTop[c]) * t;
    for (int x = 0; x < width; ++x) {
      std::uint32_t pixel = 0;
      for (const double channel : base) {
        const double lit = std::clamp(channel * fold[static_cast<std::size_t>(x)], 0.0, 255.0);
        pixel = pixel << 8 | static_cast<std::uint32_t>(std::lround(lit));
      }
      *out++ = pixel;
    }
  }
  return backdrop;
}

}  // namespace tobari::guest
