// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/planar_encoder.h"

#include <cstddef>

#include <gtest/gtest.h>

#include "decoders.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;
using testing::Random;
using testing::ReferenceClient;

using Rows = PlanarEncoder::Rows;
using Alpha = PlanarEncoder::Alpha;

class PlanarVariants : public ::testing::TestWithParam<std::pair<Rows, Alpha>> {};

TEST_P(PlanarVariants, EveryTileIsExact) {
  const auto [rows, alpha] = GetParam();
  PlanarEncoder encoder(rows, alpha);
  Random random(8);
  const Size size{400, 300};
  ReferenceClient client(size);
  std::vector<Picture> sources;
  for (const Content content : testing::kAllContents) sources.push_back(make_picture(content, size, 2));
  int as_they_are = 0;
  for (int i = 0; i < 3000; ++i) {
    const int width = random.between(1, random() % 4 == 0 ? 300 : 66);
    const int height = random.between(1, 40);
    const Rect rect{random.between(0, size.width - width), random.between(0, size.height - height), width, height};
    Picture& source = sources[random() % sources.size()];
    if (random() % 4 == 0) {  // runs of every length around the limits of a segment
      for (int y = rect.y; y < rect.bottom(); ++y) {
        for (int x = rect.x; x < rect.right();) {
          const int run = random.between(1, 60);
          source.fill(intersect({x, y, run, 1}, rect), random());
          x += run;
        }
      }
    }
    EncodedRect encoded{.codec = Codec::kPlanar, .rect = rect, .data = {}, .regions = {}};
    const bool raw = random() % 2 == 0;
    encoder.allow_raw(raw);
    encoder.encode(source.view(), rect, encoded.data);
    const std::byte header = encoded.data.at(0);
    const bool as_it_is = raw && alpha == Alpha::kNone && header == std::byte{0x20};
    as_they_are += as_it_is ? 1 : 0;
    if (!as_it_is) {
      ASSERT_EQ(header, alpha == Alpha::kOpaque ? std::byte{0x10} : std::byte{0x30});
    }
    if (raw && alpha == Alpha::kNone) {
      ASSERT_LE(encoded.data.size(), 3 * static_cast<std::size_t>(width * height) + 2);
    }
    ASSERT_TRUE(client.show_planar(encoded, rows == Rows::kBottomUp)) << i;
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        ASSERT_EQ(client.picture().at(x, y), source.at(x, y)) << "tile " << i << " at " << x << ", " << y;
      }
    }
  }
  if (alpha == Alpha::kNone) {
    EXPECT_GT(as_they_are, 10);
  }
}

// A client undoes runs twenty times as slowly as it copies planes. rdesktop takes nothing but runs.
TEST(Planar, GrainGoesAsItIsWhereThatIsAllowed) {
  const Size size{64, 64};
  const Picture grain = make_picture(Content::kPhoto, size, 2);
  const Picture text = make_picture(Content::kTextLight, size, 2);
  const auto header = [](Alpha alpha, const Picture& picture, bool raw) {
    std::vector<std::byte> out;
    PlanarEncoder encoder(Rows::kTopDown, alpha);
    encoder.allow_raw(raw);
    encoder.encode(picture.view(), bounds(picture.size), out);
    return out.at(0);
  };
  EXPECT_EQ(header(Alpha::kNone, grain, true), std::byte{0x20});
  EXPECT_EQ(header(Alpha::kNone, text, true), std::byte{0x30});
  EXPECT_EQ(header(Alpha::kOpaque, grain, true), std::byte{0x10});
  EXPECT_EQ(header(Alpha::kNone, grain, false), std::byte{0x30});
}

INSTANTIATE_TEST_SUITE_P(All, PlanarVariants,
                         ::testing::Values(std::pair{Rows::kTopDown, Alpha::kNone},
                                           std::pair{Rows::kBottomUp, Alpha::kNone},
                                           std::pair{Rows::kTopDown, Alpha::kOpaque},
                                           std::pair{Rows::kBottomUp, Alpha::kOpaque}));

}  // namespace
}  // namespace tobari::display
