// SPDX-License-Identifier: GPL-3.0-or-later
// ClearCodec (MS-RDPEGFX 2.2.4.1): lossless, made for text and drawn interfaces. A bitmap is a background in the
// residual layer and, for each thing drawn on it, the smallest of a band of cached columns, a palette with runs, and
// plain pixels. Small bitmaps are kept by the client as glyphs: the second time they cost four bytes.
//
// One encoder a client, from its first connection on: sequence number and caches are the connection's, not a surface's
// (they survive ResetGraphics). What encode() returned must be sent. Rectangles of up to 65535 pixels a side.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <tobari/display/encoder.h>

namespace tobari::display {

class ClearEncoder final : public RectEncoder {
 public:
  ClearEncoder();
  ~ClearEncoder() override;

  [[nodiscard]] Codec codec() const noexcept override { return Codec::kClear; }
  void encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) override;
  void reset() override;  // another connection
  // The same connection, but what comes from now on can be decoded without anything that came before.
  void start_anew();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
