// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/progressive_encoder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "decoders.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;
using testing::Random;
using testing::ReferenceClient;
using Quality = ProgressiveEncoder::Quality;

// Over all three colours, inside `area`.
double psnr(const Picture& a, const Picture& b, const Region& area) {
  double sum = 0;
  for (const Rect& rect : area.rects()) {
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        for (int shift = 0; shift <= 16; shift += 8) {
          const auto channel = [shift](std::uint32_t pixel) { return static_cast<int>((pixel >> shift) & 0xFFu); };
          const int error = channel(a.at(x, y)) - channel(b.at(x, y));
          sum += error * error;
        }
      }
    }
  }
  return 10 * std::log10(255.0 * 255.0 * 3.0 * static_cast<double>(area.area()) / std::max(sum, 1e-9));
}

TEST(Progressive, ClientSeesThePhotographInBothQualities) {
  const Picture picture = make_picture(Content::kPhoto, {645, 413});
  const Region all(bounds(picture.size));
  ProgressiveEncoder encoder;
  ReferenceClient client(picture.size);
  std::size_t bytes = 0;
  for (const auto& [quality, least] : {std::pair(Quality::kCoarse, 29.0), std::pair(Quality::kFine, 38.0)}) {
    const EncodedRect sent = encoder.encode(picture.view(), all, quality);
    ASSERT_TRUE(client.show(sent));
    EXPECT_GE(psnr(picture, client.picture(), all), least);
    EXPECT_GT(sent.data.size(), 2 * bytes) << "the better the larger";
    bytes = sent.data.size();
  }
  EXPECT_LT(bytes, static_cast<std::size_t>(picture.size.area()) / 2) << "under four bits a pixel";
}

// Whatever is in the picture: the decoder takes it, paints the area and nothing else, and colours stay near.
TEST(Progressive, AnyAreaOfAnyContentDecodes) {
  Random random(7);
  for (const Content content : testing::kAllContents) {
    const Picture picture = make_picture(content, {333, 217});
    ProgressiveEncoder encoder;
    ReferenceClient client(picture.size);
    for (int round = 0; round < 20; ++round) {
      Region area;
      for (int i = 0; i < 3; ++i) {
        const int x = random.between(0, 332);
        const int y = random.between(0, 216);
        area.add(intersect({x, y, random.between(1, 150), random.between(1, 150)}, bounds(picture.size)));
      }
      const Picture before = client.picture();
      ASSERT_TRUE(client.show(encoder.encode(picture.view(), area, Quality::kFine))) << name_of(content);
      EXPECT_EQ(client.difference(before, area), "");
      EXPECT_GE(psnr(picture, client.picture(), area), 24) << name_of(content);
    }
  }
}

TEST(Progressive, NoiseAndExtremesStayWithinTheirBounds) {
  const Size size{128, 128};
  Random random(3);
  ProgressiveEncoder encoder;
  for (int round = 0; round < 30; ++round) {
    Picture picture(size);
    for (std::uint32_t& pixel : picture.pixels) {
      switch (round % 3) {
        case 0:
          pixel = random();
          break;
        case 1:
          pixel = random() % 2 == 0 ? 0u : 0xFFFFFFu;
          break;
        default:
          pixel = random() % 64 == 0 ? 0xFF00FFu : 0x00FF00u;
      }
    }
    const Region all(bounds(size));
    ReferenceClient client(size);
    const EncodedRect sent = encoder.encode(picture.view(), all, Quality::kFine);
    ASSERT_TRUE(client.show(sent));
    EXPECT_GE(psnr(picture, client.picture(), all), 20);
    EXPECT_LT(sent.data.size(), static_cast<std::size_t>(size.area()) * 4);
  }
}

}  // namespace
}  // namespace tobari::display
