// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/clear_encoder.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <gtest/gtest.h>

#include "clear_paths.h"
#include "decoders.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::ClearPaths;
using testing::Content;
using testing::Picture;
using testing::Random;
using testing::ReferenceClient;

EncodedRect encoded(RectEncoder& encoder, const Picture& picture, const Rect& rect) {
  EncodedRect result{.codec = encoder.codec(), .rect = rect, .data = {}, .regions = {}};
  encoder.encode(picture.view(), rect, result.data);
  return result;
}

// Few colours, few runs, many of both: whatever makes the encoder choose differently.
Picture random_picture(Random& random, Size size) {
  Picture picture(size, random());
  const unsigned colours = 1u << random() % 12u;
  const unsigned keep = random() % 20u;
  std::uint32_t colour = 0;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (random() % (keep + 1) == 0) colour = (random() % colours) * 0x10305u;
      if (random() % 4 != 0) picture.set(x, y, colour);
    }
  }
  return picture;
}

TEST(ClearEncoder, WholePicturesAreExact) {
  for (const Content content : testing::kAllContents) {
    ClearEncoder encoder;
    const Picture picture = make_picture(content, {701, 523});
    ReferenceClient client(picture.size);
    ASSERT_TRUE(client.show(encoded(encoder, picture, bounds(picture.size)))) << name_of(content);
    EXPECT_EQ(client.difference(picture), "") << name_of(content);
  }
}

// TOBARI_PROPERTY_RUNS: how many tiles.
int property_runs() {
  const char* const wish = std::getenv("TOBARI_PROPERTY_RUNS");
  return wish == nullptr ? 10'000 : std::atoi(wish);
}

// One encoder and one decoder for all tiles, so that caches and sequence number are carried on and wrap around.
TEST(ClearEncoder, EveryTileIsExactAndEveryWayIsTaken) {
  Random random(4711);
  ClearEncoder encoder;
  const Size size{512, 384};
  ReferenceClient client(size);
  ClearPaths paths;
  std::vector<Picture> sources;
  for (const Content content : testing::kAllContents) sources.push_back(make_picture(content, size, 3));
  Rect rect;
  std::size_t at = 0;
  const int runs = property_runs();
  for (int i = 0; i < runs; ++i) {
    const int width = random.between(1, random() % 8 == 0 ? 200 : 40);
    const int height = random.between(1, random() % 8 == 0 ? 130 : 30);
    const bool again = i > 0 && random() % 16 == 0;  // as it was: nothing is drawn there either
    if (!again) {
      rect = {random.between(0, size.width - width), random.between(0, size.height - height), width, height};
      at = random() % sources.size();
    }
    Picture& source = sources[at];
    if (!again && random() % 3 == 0) source.paste(random_picture(random, {width, height}), {rect.x, rect.y});
    const EncodedRect tile = encoded(encoder, source, rect);
    paths.count(tile.data);
    ASSERT_TRUE(client.show(tile)) << i;
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        ASSERT_EQ(client.picture().at(x, y), source.at(x, y)) << "tile " << i << " at " << x << ", " << y;
      }
    }
    if (i % 1000 == 999)
      sources[random() % sources.size()] = make_picture(testing::kAllContents[1 + random() % 6], size, random());
  }
  EXPECT_EQ(paths.malformed, 0);
  EXPECT_EQ(paths.cache_resets, 1);
  for (const auto& [name, count] : {std::pair{"glyphs kept", paths.glyphs_kept},
                                    {"glyphs known", paths.glyphs_known},
                                    {"residual runs", paths.residual_runs},
                                    {"long residual runs", paths.long_residual_runs},
                                    {"bands", paths.bands},
                                    {"columns known", paths.columns_known},
                                    {"short columns known", paths.short_columns_known},
                                    {"columns sent", paths.columns_sent},
                                    {"plain areas", paths.plain_areas},
                                    {"palette areas", paths.palette_areas}}) {
    EXPECT_GT(count, 100) << name;
    std::printf("%9d %s\n", count, name);
  }
}

// More different columns than the client stores, so that both rings come round.
TEST(ClearEncoder, FullCachesComeRound) {
  Random random(5);
  ClearEncoder encoder;
  const Size size{512, 48};
  ReferenceClient client(size);
  for (int i = 0; i < 160; ++i) {
    Picture picture(size, 0xFFFFFFu);
    for (int x = 0; x < size.width; ++x) {
      const int from = random.between(0, 40);
      for (int y = from; y < from + 3; ++y) picture.set(x, y, i % 2 == 0 ? random() % 120u : 0x112233u);
    }
    ASSERT_TRUE(client.show(encoded(encoder, picture, bounds(size)))) << i;
    ASSERT_EQ(client.difference(picture), "") << i;
  }
}

TEST(ClearEncoder, TypedGlyphIsSmallAndTheSecondTimeFourBytes) {
  ClearEncoder encoder;
  Picture picture({64, 32}, 0xFFFFFFu);
  draw_glyph(picture, {10, 4}, 'a', 0x202020u);
  draw_glyph(picture, {40, 4}, 'a', 0x202020u);
  ReferenceClient client(picture.size);
  const EncodedRect first = encoded(encoder, picture, {9, 4, 10, 18});
  const EncodedRect second = encoded(encoder, picture, {39, 4, 10, 18});
  EXPECT_LE(first.data.size(), 165u);
  EXPECT_EQ(second.data.size(), 4u);
  ASSERT_TRUE(client.show(first));
  ASSERT_TRUE(client.show(second));
  EXPECT_EQ(client.picture().at(43, 9), picture.at(43, 9));
}

TEST(ClearEncoder, AnotherConnectionStartsAtSequenceZero) {
  ClearEncoder encoder;
  const Picture picture = make_picture(Content::kTextLight, {200, 100});
  for (int i = 0; i < 3; ++i) (void)encoded(encoder, picture, bounds(picture.size));
  encoder.reset();
  const EncodedRect first = encoded(encoder, picture, bounds(picture.size));
  EXPECT_EQ(first.data.at(1), std::byte{0});
  ReferenceClient client(picture.size);
  ASSERT_TRUE(client.show(first));
  EXPECT_EQ(client.difference(picture), "");
}

// The session may make a new encoder when the surface changes; FreeRDP then keeps its caches but counts from zero.
TEST(ClearEncoder, NewEncoderForTheSameClient) {
  const Size size{300, 200};
  ReferenceClient client(size);
  for (std::uint32_t i = 0; i < 3; ++i) {
    ClearEncoder encoder;
    for (std::uint32_t j = 0; j < 2; ++j) {
      const Picture picture = make_picture(Content::kTextLight, size, 10 * i + j);
      ASSERT_TRUE(client.show(encoded(encoder, picture, bounds(size))));
      ASSERT_EQ(client.difference(picture), "") << i;
    }
    client.resize(size);
  }
}

}  // namespace
}  // namespace tobari::display
