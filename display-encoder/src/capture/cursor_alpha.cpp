// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/cursor_alpha.h"

#include <algorithm>

namespace tobari::display {
namespace {

std::uint32_t straight(std::uint32_t pixel) noexcept {
  const std::uint32_t alpha = pixel >> 24;
  if (alpha == 0) return 0;
  if (alpha == 255) return pixel;
  const auto channel = [pixel, alpha](int shift) {
    return std::min(255U, ((pixel >> shift & 255U) * 255U + alpha / 2) / alpha) << shift;
  };
  return alpha << 24 | channel(16) | channel(8) | channel(0);
}

}  // namespace

bool looks_premultiplied(std::span<const std::uint32_t> argb) noexcept {
  return std::ranges::all_of(argb, [](std::uint32_t pixel) {
    const std::uint32_t alpha = pixel >> 24;
    return (pixel >> 16 & 255U) <= alpha && (pixel >> 8 & 255U) <= alpha && (pixel & 255U) <= alpha;
  });
}

void unpremultiply(std::span<std::uint32_t> argb) noexcept { std::ranges::transform(argb, argb.begin(), straight); }

}  // namespace tobari::display
