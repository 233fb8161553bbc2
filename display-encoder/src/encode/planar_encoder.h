// SPDX-License-Identifier: GPL-3.0-or-later
// RDP 6.0 planar bitmaps (MS-RDPEGDI 2.2.2.5.1), without loss: colour planes, run-length encoded, each row as what
// differs from the row before; or as they are, where that is allowed and runs save little. Made for
// photographs in the graphics pipeline, and what every client takes in bitmap updates without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/encoder.h>

#include "encode/planar_scan.h"

namespace tobari::display {

class PlanarEncoder final : public RectEncoder {
 public:
  enum class Rows : std::uint8_t {
    kTopDown,   // graphics pipeline
    kBottomUp,  // bitmap updates
  };
  enum class Alpha : std::uint8_t {
    kNone,    // format header 0x30, or 0x20 when it is not run-length encoded
    kOpaque,  // format header 0x10, the only one that rdesktop takes: an alpha plane of 0xFF, 1 to 3 % larger
  };

  explicit PlanarEncoder(Rows rows = Rows::kTopDown, Alpha alpha = Alpha::kNone) : rows_(rows), alpha_(alpha) {}

  [[nodiscard]] Codec codec() const noexcept override { return Codec::kPlanar; }
  void encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) override;
  void reset() override {}  // every bitmap stands for itself

  // Whether planes may go as they are where runs save little: more bytes, and a client has them sooner.
  void allow_raw(bool allowed) noexcept { raw_ = allowed; }

 private:
  void put_as_they_are(std::vector<std::byte>& out) const;
  void put_plane(const Plane& plane, std::vector<std::byte>& out);

  Rows rows_;
  Alpha alpha_;
  bool raw_ = false;
  Plane red_;
  Plane green_;
  Plane blue_;
  Plane opaque_;
  PlaneScratch scratch_;
};

}  // namespace tobari::display
