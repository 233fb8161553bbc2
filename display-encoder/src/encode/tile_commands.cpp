// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/tile_commands.h"

#include <algorithm>
#include <span>
#include <utility>
#include <xxhash.h>

#include <tobari/base/random.h>

namespace tobari::display {

namespace {

// What of a tile must have changed so that looking for it is worth its hash (2 us).
constexpr long kMinCovered = 512;  // pixels
// A store takes 28 bytes and a recall 18: below this a tile is as well sent again.
constexpr std::size_t kMinTileBytes = 80;

bool lossless(Codec codec) {
  return codec == Codec::kClear || codec == Codec::kPlanar || codec == Codec::kUncompressed;
}

}  // namespace

TileCommands::TileCommands(std::shared_ptr<TileCache> cache) : cache_(std::move(cache)) {
  random_bytes(std::as_writable_bytes(std::span(&seed_, 1)));
}

void TileCommands::reset(Size surface) {
  grid_ = CellGrid(surface);
  covered_.assign(grid_.count(), 0);
  unknown_.clear();
  unknown_of_.assign(grid_.count(), 0);
}

bool TileCommands::one_colour() const {
  return std::ranges::all_of(block_.pixels, [first = block_.pixels.front()](std::uint32_t p) { return p == first; });
}

TileKey TileCommands::key_of(const FrameView& picture, const Rect& tile) {
  load_block(picture, tile, block_);  // X is zero there
  // Tiles at the surface's edges are smaller: the shape is part of the key.
  const auto shape = static_cast<std::uint64_t>(tile.width) << 32 | static_cast<std::uint64_t>(tile.height);
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(block_.pixels.data(), block_.pixels.size() * sizeof(std::uint32_t), seed_ ^ shape);
  return {hash.low64, hash.high64};
}

Region TileCommands::recall(const FrameView& picture, Region& area, const MotionMap& motion, Time now,
                            EncodedFrame& frame) {
  Region recalled;
  if (cache_->capacity() == 0 || area.empty()) return recalled;
  std::ranges::fill(covered_, 0);
  for (const Rect& rect : area.rects()) {
    grid_.each(rect, [this](std::size_t cell, const Rect& part) { covered_[cell] += part.area(); });
  }
  for (int row = 0; row < grid_.rows; ++row) {
    for (int column = 0; column < grid_.columns; ++column) {
      const std::size_t cell = grid_.index(column, row);
      if (covered_[cell] < kMinCovered || motion.moving(column, row, now)) continue;
      const Rect tile = grid_.cell(column, row);
      const TileKey key = key_of(picture, tile);
      if (one_colour()) continue;  // a fill is cheaper
      if (const auto slot = cache_->find(key)) {
        EncodedRect command;
        command.codec = Codec::kRecall;
        command.rect = tile;
        command.slot = *slot;
        frame.rects.push_back(std::move(command));
        recalled.add(tile);
        area.subtract(tile);
      } else if (covered_[cell] * 2 >= tile.area() && unknown_of_[cell] == 0) {
        unknown_.push_back({tile, key});
        unknown_of_[cell] = static_cast<std::uint32_t>(unknown_.size());
      }
    }
  }
  return recalled;
}

// Of a command that covers several tiles, each has a part.
void TileCommands::note_bytes(const EncodedFrame& frame) {
  for (const EncodedRect& sent : frame.rects) {
    if (!lossless(sent.codec)) continue;
    grid_.each(sent.rect, [&](std::size_t cell, const Rect& part) {
      if (unknown_of_[cell] == 0) return;
      unknown_[unknown_of_[cell] - 1].bytes +=
          sent.data.size() * static_cast<std::size_t>(part.area()) / static_cast<std::size_t>(sent.rect.area());
    });
  }
}

void TileCommands::store(const Region& inexact, EncodedFrame& frame) {
  if (unknown_.empty()) return;
  note_bytes(frame);
  for (const Unknown& sent : unknown_) {
    const auto overlaps = [&sent](const Rect& rect) { return !intersect(rect, sent.tile).empty(); };
    if (sent.bytes < kMinTileBytes || std::ranges::any_of(inexact.rects(), overlaps) || cache_->find(sent.key))
      continue;
    const TileCache::Stored stored = cache_->store(sent.key);
    EncodedRect command;
    command.codec = Codec::kStore;
    command.rect = sent.tile;
    command.slot = stored.slot;
    command.replaces = stored.replaces;
    command.key = stored.number;
    frame.rects.push_back(std::move(command));
  }
  unknown_.clear();
  std::ranges::fill(unknown_of_, 0);
}

}  // namespace tobari::display
