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

// `rect` is not empty and lies inside the picture, here and below.
//
// No drawing: neighbouring pixels mostly differ, or often and in very many colours.
[[nodiscard]] bool is_rich(const FrameView& picture, const Rect& rect);
// At least two in five of some samples have a colour of their own. Text, even with coloured edges, is mostly
// background; a dark or blurred photograph is not.
[[nodiscard]] bool has_many_colours(const FrameView& picture, const Rect& rect);

// An area of a few lines is never kRich: below 1024 pixels a client keeps what it was sent as a glyph.
[[nodiscard]] Piece classify(const FrameView& picture, const Rect& rect);

// Together they cover `area` exactly, without overlap. A piece has at most `max_area` pixels, which is at least a cell.
[[nodiscard]] std::vector<Piece> pieces_of(const FrameView& picture, const Region& area, long max_area);

}  // namespace tobari::display
