// SPDX-License-Identifier: GPL-3.0-or-later
// ClearCodec's bands layer: a strip of at most 52 rows as columns ("V-bars") on a background, each of which the client
// may have kept from before, whole or without the background around it (MS-RDPEGFX 2.2.4.1.1.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "encode/byte_writer.h"
#include "encode/chunk_writer.h"
#include "encode/clear_cache.h"
#include "encode/pixel_scan.h"

namespace tobari::display {

class ClearBands {
 public:
  static constexpr int kMaxHeight = 52;
  // Of a band of which the client has every column.
  [[nodiscard]] static constexpr std::size_t least_size(int width) noexcept {
    return 11 + 2 * static_cast<std::size_t>(width);
  }

  ClearBands();

  // Appends one band; it lies at (x, y) in the bitmap. Stops, and says false, once it has more than `most` bytes. The
  // columns that the client is to keep are noted; unless the whole band is sent, call rollback() before anything else.
  // drawing.height <= kMaxHeight.
  [[nodiscard]] bool encode(const PixelView& drawing, int x, int y, std::uint32_t background, std::size_t most,
                            Bytes& out);
  // Goes on with a band that was stopped; nothing else was appended since.
  [[nodiscard]] bool go_on(std::size_t most, Bytes& out);
  void rollback();
  void clear();

 private:
  void put_column(int x, ChunkWriter& out);

  ClearRing columns_;        // whole: V-bar storage
  ClearRing short_columns_;  // short V-bar storage

  // The band at hand.
  PixelView drawing_;
  std::uint32_t background_ = 0;
  std::vector<ColumnShape> shapes_;
  int next_column_ = 0;
  std::size_t begin_ = 0;  // in the output
};

}  // namespace tobari::display
