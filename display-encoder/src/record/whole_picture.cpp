// SPDX-License-Identifier: GPL-3.0-or-later
#include "record/whole_picture.h"

#include <cstring>
#include <utility>

#include <tobari/display/region.h>

#include "encode/piece_map.h"
#include "encode/planar_encoder.h"

namespace tobari::display {
namespace {

constexpr long kPieceArea = 64L * 1024;  // pixels

EncodedRect solid(const Piece& piece) {
  EncodedRect rect;
  rect.codec = Codec::kSolid;
  rect.rect = piece.rect;
  rect.data.resize(sizeof piece.background);
  std::memcpy(rect.data.data(), &piece.background, sizeof piece.background);
  return rect;
}

}  // namespace

void encode_whole(const FrameView& picture, const std::function<void(const EncodedFrame&)>& take) {
  PlanarEncoder planar;
  EncodedFrame frame;
  for (const Piece& piece : pieces_of(picture, Region(bounds(picture.size)), kPieceArea)) {
    if (piece.kind == Kind::kSolid) {
      frame.rects.push_back(solid(piece));
    } else {
      EncodedRect rect;
      rect.codec = planar.codec();
      rect.rect = piece.rect;
      planar.encode(picture, piece.rect, rect.data);
      frame.rects.push_back(std::move(rect));
    }
    if (data_bytes(frame) < kWholeFrameBytes) continue;
    take(frame);
    frame.rects.clear();
  }
  if (!frame.empty()) take(frame);
}

}  // namespace tobari::display
