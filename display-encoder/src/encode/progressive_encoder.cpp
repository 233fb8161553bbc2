// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/progressive_encoder.h"

#include <utility>

#include "encode/byte_writer.h"
#include "encode/rlgr_encoder.h"

namespace tobari::display {

namespace {

// MS-RDPEGFX 2.2.4.2.1: blockType
constexpr std::uint32_t kSync = 0xCCC0;
constexpr std::uint32_t kFrameBegin = 0xCCC1;
constexpr std::uint32_t kFrameEnd = 0xCCC2;
constexpr std::uint32_t kContext = 0xCCC3;
constexpr std::uint32_t kRegion = 0xCCC4;
constexpr std::uint32_t kTileSimple = 0xCCC5;

constexpr std::uint32_t kSyncMagic = 0xCACCACCA;
constexpr std::uint32_t kVersion = 0x0100;
constexpr std::size_t kLengthAt = 2;  // of a block: its length

// HL1 LH1 HH1 HL2 LH2 HH2 HL3 LH3 HH3 LL3. Chroma is coarser than luma: the eye forgives it, and the error of a pixel
// hardly grows.
struct Quants {
  RfxQuants luma;
  RfxQuants chroma;
};
constexpr Quants kFineQuants{{8, 8, 9, 7, 7, 8, 6, 6, 6, 6}, {9, 9, 10, 8, 8, 9, 7, 7, 7, 6}};
constexpr Quants kCoarseQuants{{10, 10, 10, 9, 9, 10, 8, 8, 9, 7}, {11, 11, 12, 10, 10, 10, 9, 9, 9, 7}};
constexpr std::uint32_t kLumaIndex = 0;
constexpr std::uint32_t kChromaIndex = 1;

const Quants& quants_of(ProgressiveEncoder::Quality quality) {
  return quality == ProgressiveEncoder::Quality::kFine ? kFineQuants : kCoarseQuants;
}

std::size_t begin_block(std::uint32_t type, Bytes& out) {
  const std::size_t at = out.size();
  put_u16(out, type);
  put_u32(out, 0);
  return at;
}

void end_block(std::size_t at, Bytes& out) {
  overwrite_u32(out, at + kLengthAt, static_cast<std::uint32_t>(out.size() - at));
}

void put_sync_and_context(Bytes& out) {
  const std::size_t sync = begin_block(kSync, out);
  put_u32(out, kSyncMagic);
  put_u16(out, kVersion);
  end_block(sync, out);
  const std::size_t context = begin_block(kContext, out);
  put_u8(out, 0);
  put_u16(out, kRfxTile);
  put_u8(out, 0);  // no sub-band differences
  end_block(context, out);
}

void put_frame_begin(std::uint32_t index, Bytes& out) {
  const std::size_t begin = begin_block(kFrameBegin, out);
  put_u32(out, index);
  put_u16(out, 1);  // regions
  end_block(begin, out);
}

// 2.2.4.2.1.5.2 RFX_COMPONENT_CODEC_QUANT
void put_quants(const RfxQuants& q, Bytes& out) {
  const auto pair = [&](RfxBand low, RfxBand high) { put_u8(out, q[low] | (std::uint32_t{q[high]} << 4)); };
  pair(kLl3, kHl3);
  pair(kLh3, kHh3);
  pair(kHl2, kLh2);
  pair(kHh2, kHl1);
  pair(kLh1, kHh1);
}

// 2.2.4.2.1.5 RFX_PROGRESSIVE_REGION without its tiles
void put_region_header(const Region& area, std::uint32_t tiles, std::size_t tile_bytes, const Quants& quants,
                       Bytes& out) {
  put_u8(out, kRfxTile);
  put_u16(out, static_cast<std::uint32_t>(area.rects().size()));
  put_u8(out, 2);  // quants
  put_u8(out, 0);  // progressive quants
  put_u8(out, 0);  // the wavelet of MS-RDPRFX, without extrapolation
  put_u16(out, tiles);
  put_u32(out, static_cast<std::uint32_t>(tile_bytes));
  for (const Rect& rect : area.rects()) {
    for (const int side : {rect.x, rect.y, rect.width, rect.height}) put_u16(out, static_cast<std::uint32_t>(side));
  }
  put_quants(quants.luma, out);
  put_quants(quants.chroma, out);
}

Rect part_in(const Region& area, const Rect& tile) {
  Rect box;
  for (const Rect& rect : area.rects()) box = unite(box, intersect(rect, tile));
  return box;
}

}  // namespace

bool ProgressiveEncoder::encode_tile(const FrameView& picture, const Rect& part, Point tile, Quality quality,
                                     Bytes& out) {
  const std::size_t begin = begin_block(kTileSimple, out);
  put_u8(out, kLumaIndex);
  put_u8(out, kChromaIndex);
  put_u8(out, kChromaIndex);
  put_u16(out, static_cast<std::uint32_t>(tile.x / kRfxTile));
  put_u16(out, static_cast<std::uint32_t>(tile.y / kRfxTile));
  put_u8(out, 0);  // no difference to the tile before
  const std::size_t lengths = out.size();
  for (int i = 0; i < 4; ++i) put_u16(out, 0);  // of Y, Cb, Cr and the tail
  rfx_load(picture, part, {part.x - tile.x, part.y - tile.y}, planes_);
  const Quants& quants = quants_of(quality);
  std::size_t at = lengths;
  for (RfxPlanes::Plane* plane : {&planes_.y, &planes_.cb, &planes_.cr}) {
    rfx_transform(*plane, plane == &planes_.y ? quants.luma : quants.chroma, coefficients_);
    const std::size_t before = out.size();
    if (!rlgr1_encode(coefficients_, out)) {
      out.resize(begin);
      return false;
    }
    overwrite_u16(out, at, static_cast<std::uint32_t>(out.size() - before));
    at += 2;
  }
  end_block(begin, out);
  return true;
}

// Returns what was coded, and the number of tiles.
std::pair<Region, std::uint32_t> ProgressiveEncoder::encode_tiles(const FrameView& picture, const Region& area,
                                                                  Quality quality, std::size_t budget) {
  Region sent = area;
  std::uint32_t count = 0;
  tiles_.clear();
  const Rect box = area.bounding_box();
  for (int y = box.y / kRfxTile * kRfxTile; y < box.bottom(); y += kRfxTile) {
    for (int x = box.x / kRfxTile * kRfxTile; x < box.right(); x += kRfxTile) {
      const Rect part = part_in(area, {x, y, kRfxTile, kRfxTile});
      if (part.empty()) continue;
      if (tiles_.size() >= budget) {
        sent.subtract({x, y, box.right() - x, kRfxTile});
        sent.subtract({box.x, y + kRfxTile, box.width, box.bottom() - y});
        return {std::move(sent), count};
      }
      if (encode_tile(picture, part, {x, y}, quality, tiles_)) {
        ++count;
      } else {
        sent.subtract(part);
      }
    }
  }
  return {std::move(sent), count};
}

EncodedRect ProgressiveEncoder::encode(const FrameView& picture, const Region& area, Quality quality,
                                       std::size_t budget) {
  const auto [sent, count] = encode_tiles(picture, area, quality, budget);
  EncodedRect result;
  result.codec = Codec::kProgressive;
  result.rect = sent.bounding_box();
  result.regions.assign(sent.rects().begin(), sent.rects().end());
  if (sent.empty()) return result;
  result.data.reserve(tiles_.size() + 256 + 8 * sent.rects().size());
  put_sync_and_context(result.data);
  put_frame_begin(frames_++, result.data);
  const std::size_t region = begin_block(kRegion, result.data);
  put_region_header(sent, count, tiles_.size(), quants_of(quality), result.data);
  result.data.insert(result.data.end(), tiles_.begin(), tiles_.end());
  end_block(region, result.data);
  end_block(begin_block(kFrameEnd, result.data), result.data);
  return result;
}

}  // namespace tobari::display
