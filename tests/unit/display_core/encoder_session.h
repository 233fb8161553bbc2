// SPDX-License-Identifier: GPL-3.0-or-later
// A session without network: diff, encoder, client.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "decoders.h"
#include "diff/tile_diff.h"
#include "encode/frame_encoder.h"
#include "pictures.h"

namespace tobari::display::testing {

inline constexpr ClientCodecs kEverything{
    .clear = true, .planar = true, .avc420 = true, .progressive = true, .copy = true, .cached_tiles = 1000};
inline constexpr ClientCodecs kWithoutAvc{.clear = true, .planar = true, .progressive = true};

inline std::map<Codec, int> codecs_in(const EncodedFrame& frame) {
  std::map<Codec, int> counts;
  for (const EncodedRect& rect : frame.rects) ++counts[rect.codec];
  return counts;
}

inline std::size_t bytes_in(const EncodedFrame& frame) {
  std::size_t sum = 0;
  for (const EncodedRect& rect : frame.rects) sum += rect.data.size();
  return sum;
}

class Session {
 public:
  using Time = FrameEncoder::Time;
  using milliseconds = std::chrono::milliseconds;

  explicit Session(Size size, ClientCodecs codecs) : encoder(size, codecs), client(size) { diff.reset(size); }

  EncodedFrame show(const Picture& live, Region damage) {
    std::vector<Move> moves;
    if (encoder.copies()) {
      const Rect searched = TileDiff::searchable(damage);
      damage.add(searched);
      moves = diff.follow_moves(live.view(), searched);
    }
    const Region changed = diff.update(live.view(), damage);
    EncodedFrame frame = encoder.encode(diff.picture(), changed, now, FrameEncoder::kFrameByteBudget, moves);
    EXPECT_TRUE(client.show(frame));
    return frame;
  }

  EncodedFrame show(const Picture& live) { return show(live, Region(bounds(live.size))); }

  // Lets time pass until nothing is owed any more; returns how long that took.
  milliseconds rest() {
    const Time start = now;
    int rounds = 0;
    while (const auto next = encoder.next_refinement()) {
      if (++rounds > 1000) {
        ADD_FAILURE() << "never done";
        break;
      }
      now = std::max(now, *next);
      const EncodedFrame frame = encoder.refine(diff.picture(), now);
      EXPECT_LE(bytes_in(frame), FrameEncoder::kRefineByteBudget);
      EXPECT_TRUE(client.show(frame));
    }
    return std::chrono::duration_cast<milliseconds>(now - start);
  }

  Time now = Time{} + std::chrono::hours(1);
  TileDiff diff;
  FrameEncoder encoder;
  ReferenceClient client;
};

}  // namespace tobari::display::testing
