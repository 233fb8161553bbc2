// SPDX-License-Identifier: GPL-3.0-or-later
// MS-RDPEGFX 2.2.1.5 RDPGFX_HEADER: the numbers of the messages, for whoever writes and for whoever reads them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tobari::display::gfx {

enum Command : std::uint16_t {
  kWireToSurface1 = 0x0001,
  kWireToSurface2 = 0x0002,
  kSolidFill = 0x0004,
  kSurfaceToSurface = 0x0005,
  kSurfaceToCache = 0x0006,
  kCacheToSurface = 0x0007,
  kEvictCacheEntry = 0x0008,
  kCreateSurface = 0x0009,
  kDeleteSurface = 0x000A,
  kStartFrame = 0x000B,
  kEndFrame = 0x000C,
  kFrameAcknowledge = 0x000D,
  kResetGraphics = 0x000E,
  kMapSurfaceToOutput = 0x000F,
  kCacheImportOffer = 0x0010,
  kCacheImportReply = 0x0011,
  kCapsAdvertise = 0x0012,
  kCapsConfirm = 0x0013,
  kQoeFrameAcknowledge = 0x0016,
};

inline constexpr std::size_t kHeaderSize = 8;

}  // namespace tobari::display::gfx
