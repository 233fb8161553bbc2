// SPDX-License-Identifier: GPL-3.0-or-later
// Tiles that the client has seen before come back by number: windows that are switched, menus that close, pages turned
// back. Works on the cells of the surface; one for each surface, all with the connection's TileCache.
//
// A tile is stored when most of it was sent without loss in one frame, the client then has all of it exactly, and that
// took more than a later recall does: what changes in part (a cell of a table, a typed letter) is cheap anyway and
// would only push better tiles out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/region.h>

#include "encode/cell_grid.h"
#include "encode/motion_map.h"
#include "encode/pixel_scan.h"
#include "encode/tile_cache.h"

namespace tobari::display {

class TileCommands {
 public:
  using Time = MotionMap::Time;

  explicit TileCommands(std::shared_ptr<TileCache> cache);
  void reset(Size surface);

  // Appends a recall for each tile that the client has and of which much lies in `area`, and takes those tiles out of
  // it. Tiles that move are left alone: nobody sees them twice. Returns what was recalled.
  Region recall(const FrameView& picture, Region& area, const MotionMap& motion, Time now, EncodedFrame& frame);

  // At the end of a frame: appends a store for each tile that recall() did not find and the frame sent. `inexact`:
  // where the client does not have the picture.
  void store(const Region& inexact, EncodedFrame& frame);

 private:
  [[nodiscard]] TileKey key_of(const FrameView& picture, const Rect& tile);
  [[nodiscard]] bool one_colour() const;
  void note_bytes(const EncodedFrame& frame);

  std::shared_ptr<TileCache> cache_;
  std::uint64_t seed_ = 0;
  CellGrid grid_;
  PixelBlock block_;
  std::vector<long> covered_;  // pixels of each cell
  struct Unknown {             // a tile that recall() did not find
    Rect tile;
    TileKey key;
    std::size_t bytes = 0;  // that it took to send it
  };
  std::vector<Unknown> unknown_;
  std::vector<std::uint32_t> unknown_of_;  // by cell: index in unknown_, and 1
};

}  // namespace tobari::display
