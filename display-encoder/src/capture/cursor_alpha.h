// SPDX-License-Identifier: GPL-3.0-or-later
// Pointer images come with colours multiplied by alpha (X, DRM cursor planes); CursorShape carries straight alpha.
#pragma once

#include <cstdint>
#include <span>

namespace tobari::display {

// True when no colour is larger than its alpha: what a premultiplied image always is, and a straight one with soft
// edges hardly ever.
[[nodiscard]] bool looks_premultiplied(std::span<const std::uint32_t> argb) noexcept;
void unpremultiply(std::span<std::uint32_t> argb) noexcept;

}  // namespace tobari::display
