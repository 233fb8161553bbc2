// SPDX-License-Identifier: GPL-3.0-or-later
// The lossy half of RemoteFX for one tile of 64x64 pixels: colour (MS-RDPRFX 3.1.8.1.3), three levels of the 5/3
// wavelet (3.1.8.1.4), quantization (3.1.8.1.5) and the differences of the lowest band (3.1.8.1.6). Pure; SIMD.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tobari/display/frame.h>

#include "encode/rlgr_encoder.h"

namespace tobari::display {

inline constexpr int kRfxTile = 64;

// Bands in the order in which a tile has them: the finest first, the lowest last.
enum RfxBand : std::uint8_t { kHl1, kLh1, kHh1, kHl2, kLh2, kHh2, kHl3, kLh3, kHh3, kLl3, kRfxBands };

// Each band's quantum is 2 to the power of (value - 6) levels of a pixel, values 6 .. 15 (MS-RDPEGFX 2.2.4.2.1.5.2).
using RfxQuants = std::array<std::uint8_t, kRfxBands>;

// A coefficient is rounded up from (16 - kRoundUpFrom) sixteenths of its quantum on (8 would be the middle).
inline constexpr int kRoundUpFrom = 6;

// Luma and both chroma planes in 11.5 fixed point.
struct RfxPlanes {
  using Plane = std::array<std::int16_t, kTileCoefficients>;
  alignas(64) Plane y;
  alignas(64) Plane cb;
  alignas(64) Plane cr;
};

// `rect` lies inside the picture and is at most 64x64; its pixels come to (at.x, at.y) and on, and all that is around
// them repeats its edges.
void rfx_load(const FrameView& picture, const Rect& rect, Point at, RfxPlanes& planes);

// Destroys `plane`.
void rfx_transform(RfxPlanes::Plane& plane, const RfxQuants& quants, TileCoefficients& out);

}  // namespace tobari::display
