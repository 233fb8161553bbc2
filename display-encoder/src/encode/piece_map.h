// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts a changed area into pieces of one kind, each of which one encoder takes whole: looks at cells of 64x64 and joins
// neighbours of the same kind and background.
#pragma once

#include <cstdint>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/region.h>

namespace tobari::display {

enum class Kind : std::uint8_t {
  kSolid,  // one colour
  kDrawn,  // neighbouring pixels are often equal: text, interfaces
  kRich,   // they are not: photographs, video
};

struct Piece {
  Rect rect;
  Kind kind = Kind::kSolid;
  std::uint32_t background = 0;  // 0x00RRGGBB; meaningless for kRich
};

// `rect` is not empty and lies inside the picture.
[[nodiscard]] Piece classify(const FrameView& picture, const Rect& rect);

// Together they cover `area` exactly, without overlap. A piece has at most `max_area` pixels, which is at least a cell.
[[nodiscard]] std::vector<Piece> pieces_of(const FrameView& picture, const Region& area, long max_area);

}  // namespace tobari::display
