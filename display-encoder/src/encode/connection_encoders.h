// SPDX-License-Identifier: GPL-3.0-or-later
// Encoders whose state the client keeps once a connection, not once a surface: the encoders of all surfaces share them.
#pragma once

#include <memory>

#include <tobari/display/encoder.h>

#include "encode/clear_encoder.h"
#include "encode/tile_cache.h"

namespace tobari::display {

struct ConnectionEncoders {
  explicit ConnectionEncoders(const ClientCodecs& codecs) : tiles(std::make_shared<TileCache>(codecs.cached_tiles)) {}

  // What is encoded from now on can be decoded without anything that was encoded before, once every surface's
  // FrameEncoder was told so as well.
  void start_anew() {
    clear.start_anew();
    tiles->forget();
  }

  ClearEncoder clear;
  std::shared_ptr<TileCache> tiles;
};

}  // namespace tobari::display
