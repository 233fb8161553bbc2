// SPDX-License-Identifier: GPL-3.0-or-later
// RemoteFX Progressive (MS-RDPEGFX 2.2.4.2): photographs with loss, at a twentieth of their size. Every tile is sent
// whole in one pass (TILE_SIMPLE); what makes it better afterwards is the lossless path, because no number of passes of
// this codec ends in the exact picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/region.h>

#include "encode/rfx_transform.h"

namespace tobari::display {

class ProgressiveEncoder {
 public:
  enum class Quality : std::uint8_t {
    kFine,
    kCoarse
  };  // of photographs: 41 to 43 and 36 to 40 dB, 0.9 and 0.4 bits a pixel

  // The picture as it is inside `area` (not empty, inside the surface), from its top on: ends with the tile that
  // reaches `budget` bytes. What was sent is in `regions`; a tile that cannot be coded is left out as well.
  [[nodiscard]] EncodedRect encode(const FrameView& picture, const Region& area, Quality quality,
                                   std::size_t budget = std::numeric_limits<std::size_t>::max());

 private:
  std::pair<Region, std::uint32_t> encode_tiles(const FrameView& picture, const Region& area, Quality quality,
                                                std::size_t budget);
  bool encode_tile(const FrameView& picture, const Rect& part, Point tile, Quality quality,
                   std::vector<std::byte>& out);

  std::uint32_t frames_ = 0;
  std::vector<std::byte> tiles_;
  RfxPlanes planes_;
  TileCoefficients coefficients_;
};

}  // namespace tobari::display
