// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/legacy_output.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <freerdp/update.h>

namespace tobari::display {
namespace {
// Small enough that a tile's data fits the 16 bits of its length, whatever is in it.
constexpr int kTile = 64;
constexpr int kColumns = 4;  // bitmap widths are multiples of four; what is beyond the rectangle is not shown
constexpr std::size_t kMaxCompressed = std::size_t{kTile} * kTile * kBytesPerPixel * 2;

// The tile's pixels as a picture of `width` columns, the last one repeated where the tile is narrower.
void cut(const EncodedRect& rect, const Rect& tile, int width, std::vector<std::byte>& out) {
  out.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(tile.height) * kBytesPerPixel);
  for (int y = 0; y < tile.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const long column = std::min(x, tile.width - 1) + tile.x - rect.rect.x;
      const long row = y + tile.y - rect.rect.y;
      const std::size_t from =
          rect.codec == Codec::kSolid ? 0 : static_cast<std::size_t>(row * rect.rect.width + column) * kBytesPerPixel;
      const std::size_t to = static_cast<std::size_t>(y * width + x) * kBytesPerPixel;
      std::memcpy(out.data() + to, rect.data.data() + from, kBytesPerPixel);
    }
  }
}

// A plain bitmap has its rows bottom-up (MS-RDPBCGR 2.2.9.1.1.3.1.2.2).
void turn_over(std::span<const std::byte> pixels, std::size_t row_bytes, std::vector<std::byte>& out) {
  for (std::size_t at = 0; at < pixels.size(); at += row_bytes) {
    std::memcpy(out.data() + pixels.size() - row_bytes - at, pixels.data() + at, row_bytes);
  }
}

}  // namespace

// With an alpha plane (no PLANAR_FORMAT_HEADER_NA): rdesktop takes no other form.
LegacyOutput::LegacyOutput()
    : planar_(freerdp_bitmap_planar_context_new(PLANAR_FORMAT_HEADER_RLE, kTile, kTile)), compressed_(kMaxCompressed) {}

bool LegacyOutput::send(rdpContext* context, Point origin, const EncodedFrame& frame) {
  return planar_ != nullptr && std::ranges::all_of(frame.rects, [this, context, origin](const EncodedRect& rect) {
           return send_rect(context, origin, rect);
         });
}

bool LegacyOutput::send_rect(rdpContext* context, Point origin, const EncodedRect& rect) {
  const bool known = rect.codec == Codec::kSolid || rect.codec == Codec::kUncompressed;
  const auto pixels = static_cast<std::size_t>(rect.codec == Codec::kSolid ? 1 : rect.rect.area());
  if (!known || rect.data.size() < pixels * kBytesPerPixel) return false;
  for (int y = rect.rect.y; y < rect.rect.bottom(); y += kTile) {
    for (int x = rect.rect.x; x < rect.rect.right(); x += kTile) {
      if (!send_tile(context, origin, rect, intersect(rect.rect, {x, y, kTile, kTile}))) return false;
    }
  }
  return true;
}

bool LegacyOutput::send_tile(rdpContext* context, Point origin, const EncodedRect& rect, const Rect& tile) {
  const int width = (tile.width + kColumns - 1) / kColumns * kColumns;
  cut(rect, tile, width, pixels_);
  const auto columns = static_cast<UINT32>(width);
  const auto rows = static_cast<UINT32>(tile.height);
  auto size = static_cast<UINT32>(compressed_.size());
  // What does not compress (noise) FreeRDP does not encode at all.
  const bool compressed = freerdp_bitmap_compress_planar(planar_.get(), reinterpret_cast<const BYTE*>(pixels_.data()),
                                                         PIXEL_FORMAT_BGRX32, columns, rows, columns * kBytesPerPixel,
                                                         reinterpret_cast<BYTE*>(compressed_.data()), &size) != nullptr;
  if (!compressed) {
    size = static_cast<UINT32>(pixels_.size());
    turn_over(pixels_, columns * kBytesPerPixel, compressed_);
  }
  BITMAP_DATA bitmap{};
  bitmap.destLeft = static_cast<UINT32>(origin.x + tile.x);
  bitmap.destTop = static_cast<UINT32>(origin.y + tile.y);
  bitmap.destRight = static_cast<UINT32>(origin.x + tile.right() - 1);
  bitmap.destBottom = static_cast<UINT32>(origin.y + tile.bottom() - 1);
  bitmap.width = columns;
  bitmap.height = rows;
  bitmap.bitsPerPixel = 32;
  bitmap.compressed = compressed ? TRUE : FALSE;
  bitmap.bitmapDataStream = reinterpret_cast<BYTE*>(compressed_.data());
  bitmap.bitmapLength = size;
  bitmap.cbCompMainBodySize = size;
  bitmap.cbScanWidth = columns * kBytesPerPixel;
  bitmap.cbUncompressedSize = columns * rows * kBytesPerPixel;
  BITMAP_UPDATE update{};
  update.number = 1;
  update.rectangles = &bitmap;
  update.skipCompression = TRUE;
  return context->update->BitmapUpdate(context, &update) != FALSE;
}

}  // namespace tobari::display
