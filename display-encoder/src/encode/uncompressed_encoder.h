// SPDX-License-Identifier: GPL-3.0-or-later
// Pixels as they are: 4 bytes B G R X, rows from top to bottom without padding.
#pragma once

#include <cstddef>
#include <vector>

#include <tobari/display/encoder.h>

namespace tobari::display {

class UncompressedEncoder final : public RectEncoder {
 public:
  [[nodiscard]] Codec codec() const noexcept override { return Codec::kUncompressed; }
  void encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) override;
  void reset() override {}
};

}  // namespace tobari::display
