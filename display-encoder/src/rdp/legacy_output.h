// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures for clients without the graphics pipeline: bitmap updates (MS-RDPBCGR 2.2.9.1.1.3.1.2) in RDP 6.0 planar
// form, which every client since 2006 takes and which is without loss. Takes uncompressed and solid rectangles only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <freerdp/codec/planar.h>
#include <freerdp/freerdp.h>

#include <tobari/display/encoder.h>

namespace tobari::display {

class LegacyOutput {
 public:
  LegacyOutput();
  // The frame's rectangles count from `origin` on the desktop. False when FreeRDP refuses to send.
  [[nodiscard]] bool send(rdpContext* context, Point origin, const EncodedFrame& frame);

 private:
  [[nodiscard]] bool send_rect(rdpContext* context, Point origin, const EncodedRect& rect);
  [[nodiscard]] bool send_tile(rdpContext* context, Point origin, const EncodedRect& rect, const Rect& tile);

  struct PlanarFree {
    void operator()(BITMAP_PLANAR_CONTEXT* p) const noexcept { freerdp_bitmap_planar_context_free(p); }
  };
  std::unique_ptr<BITMAP_PLANAR_CONTEXT, PlanarFree> planar_;
  std::vector<std::byte> pixels_;  // one tile
  std::vector<std::byte> compressed_;
};

}  // namespace tobari::display
