// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/uncompressed_encoder.h"

namespace tobari::display {

void UncompressedEncoder::encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) {
  const std::size_t row_bytes = static_cast<std::size_t>(rect.width) * kBytesPerPixel;
  out.reserve(out.size() + row_bytes * static_cast<std::size_t>(rect.height));
  for (int y = rect.y; y < rect.bottom(); ++y) {
    const std::byte* const row = frame.at(rect.x, y);
    out.insert(out.end(), row, row + row_bytes);
  }
}

}  // namespace tobari::display
