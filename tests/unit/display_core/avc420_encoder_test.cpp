// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/avc420_encoder.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "decoders.h"
#include "encode/yuv_convert.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Picture;
using testing::Random;
using testing::ReferenceClient;

double mean_error(const Picture& a, const Picture& b, const Rect& rect) {
  long sum = 0;
  for (int y = rect.y; y < rect.bottom(); ++y) {
    for (int x = rect.x; x < rect.right(); ++x) {
      for (int shift = 0; shift < 24; shift += 8) {
        sum += std::abs(static_cast<int>(a.at(x, y) >> shift & 0xFF) - static_cast<int>(b.at(x, y) >> shift & 0xFF));
      }
    }
  }
  return static_cast<double>(sum) / static_cast<double>(rect.area() * 3);
}

TEST(YuvConvert, SimdEqualsTheFormula) {
  Random random(3);
  for (std::size_t width = 2; width <= 140; width += 2) {
    std::vector<std::uint32_t> rows[2];
    for (auto& row : rows) {
      row.resize(width);
      for (std::uint32_t& pixel : row) pixel = random() % 4 == 0 ? 0xFFFFFFFFu : random();
    }
    std::vector<std::uint8_t> luma[2] = {std::vector<std::uint8_t>(width), std::vector<std::uint8_t>(width)};
    std::vector<std::uint8_t> u(width / 2);
    std::vector<std::uint8_t> v(width / 2);
    convert_two_rows(reinterpret_cast<const std::byte*>(rows[0].data()),
                     reinterpret_cast<const std::byte*>(rows[1].data()), width,
                     {{luma[0].data(), luma[1].data()}, u.data(), v.data()});
    for (std::size_t x = 0; x < width; ++x) {
      int sum[3] = {0, 0, 0};
      for (std::size_t row = 0; row < 2; ++row) {
        const std::uint32_t pixel = rows[row][x];
        const int r = static_cast<int>(pixel >> 16 & 0xFF);
        const int g = static_cast<int>(pixel >> 8 & 0xFF);
        const int b = static_cast<int>(pixel & 0xFF);
        ASSERT_EQ(luma[row][x], (54 * r + 183 * g + 18 * b) / 256);
        for (const std::uint32_t p : {rows[row][x / 2 * 2], rows[row][x / 2 * 2 + 1]}) {
          for (unsigned c = 0; c < 3; ++c) sum[c] += static_cast<int>(p >> (8 * c) & 0xFF);
        }
      }
      ASSERT_EQ(u[x / 2], std::clamp(((-29 * sum[2] - 99 * sum[1] + 128 * sum[0] + 512) >> 10) + 128, 0, 255));
      ASSERT_EQ(v[x / 2], std::clamp(((128 * sum[2] - 116 * sum[1] - 12 * sum[0] + 512) >> 10) + 128, 0, 255));
    }
  }
}

TEST(Avc420Encoder, RegionsAreEvenAndInside) {
  const Region aligned = aligned_for_chroma(Region({3, 5, 4, 7}), {101, 77});
  ASSERT_EQ(aligned.rects().size(), 1u);
  EXPECT_EQ(aligned.rects()[0], (Rect{2, 4, 6, 8}));
  const Region edge = aligned_for_chroma(Region({99, 75, 2, 2}), {101, 77});
  EXPECT_EQ(edge.rects()[0], (Rect{98, 74, 3, 3}));
}

// Any size, odd ones too; colours are right (full range, BT.709), and only the regions are painted.
TEST(Avc420Encoder, ClientSeesThePictureInsideTheRegionsOnly) {
  for (const Size size : {Size{3, 5}, Size{16, 16}, Size{333, 251}, Size{640, 480}, Size{1366, 768}}) {
    auto encoder = Avc420Encoder::create(bounds(size));
    ASSERT_TRUE(encoder) << describe(encoder.error());
    ReferenceClient client(size);
    Picture picture(size);
    draw_photo(picture, bounds(size), 1);
    auto first = (*encoder)->encode(picture.view(), aligned_for_chroma(Region(bounds(size)), size));
    ASSERT_TRUE(first);
    ASSERT_TRUE(client.show(*first));
    EXPECT_LE(mean_error(client.picture(), picture, bounds(size)), 4.5) << size.width;

    const Picture before = client.picture();
    draw_photo(picture, bounds(size), 30);
    const Rect part = intersect({size.width / 4 / 2 * 2, size.height / 4 / 2 * 2, 100, 100}, bounds(size));
    auto second = (*encoder)->encode(picture.view(), aligned_for_chroma(Region(part), size));
    ASSERT_TRUE(second);
    ASSERT_TRUE(client.show(*second));
    EXPECT_LE(mean_error(client.picture(), picture, part), 5.0) << size.width;
    for (int x = 0; x < size.width; ++x) {
      if (part.y > 2) {
        ASSERT_EQ(client.picture().at(x, 0), before.at(x, 0));
      }
    }
  }
}

TEST(Avc420Encoder, NoSecondKeyFrameAndLittleForLittle) {
  const Size size{640, 480};
  auto encoder = Avc420Encoder::create(bounds(size));
  ASSERT_TRUE(encoder);
  Picture picture(size);
  draw_photo(picture, bounds(size), 1);
  const auto first = (*encoder)->encode(picture.view(), Region(bounds(size)));
  ASSERT_TRUE(first);
  for (int i = 0; i < 400; ++i) {
    picture.fill({2 * (i % 100), 100, 16, 16}, 0xFF0000u);
    const auto next = (*encoder)->encode(picture.view(), Region({2 * (i % 100), 100, 16, 16}));
    ASSERT_TRUE(next);
    ASSERT_LT(next->data.size(), first->data.size() / 10) << i;
  }
}

// A wild picture on a narrow line: after the first frames none is much larger than its share of the line.
TEST(Avc420Encoder, ANarrowLineBoundsEveryFrame) {
  const Size size{640, 480};
  constexpr std::size_t kRate = 250'000;
  std::size_t largest[2] = {0, 0};
  for (const bool bounded : {false, true}) {
    auto encoder = Avc420Encoder::create(bounds(size));
    ASSERT_TRUE(encoder);
    if (bounded) (*encoder)->set_line_rate(kRate);
    ReferenceClient client(size);
    Picture picture(size);
    for (int i = 0; i < 40; ++i) {
      draw_photo(picture, bounds(size), i * 7);
      const auto frame = (*encoder)->encode(picture.view(), Region(bounds(size)));
      ASSERT_TRUE(frame);
      ASSERT_TRUE(client.show(*frame));
      if (i >= 10) largest[bounded] = std::max(largest[bounded], frame->data.size());
    }
    EXPECT_LE(mean_error(client.picture(), picture, bounds(size)), 16.0) << "coarse, but the picture";
  }
  EXPECT_LE(largest[true], kRate / 30 * 2);
  EXPECT_GT(largest[false], 2 * largest[true]) << "the bound had nothing to do";
}

TEST(Avc420Encoder, TheBoundFollowsTheLine) {
  const Size size{640, 480};
  auto encoder = Avc420Encoder::create(bounds(size));
  ASSERT_TRUE(encoder);
  Picture picture(size);
  std::size_t last = 0;
  int phase = 0;
  const auto play = [&](std::size_t rate) {
    (*encoder)->set_line_rate(rate);
    for (int i = 0; i < 20; ++i) {
      draw_photo(picture, bounds(size), ++phase * 7);
      last = (*encoder)->encode(picture.view(), Region(bounds(size)))->data.size();
    }
    return last;
  };
  const std::size_t narrow = play(150'000);
  const std::size_t wide = play(12'500'000);
  EXPECT_GT(wide, 2 * narrow);
  EXPECT_LT(play(150'000), wide / 2);
}

// Grain that changes with each frame, on the widest line: coarser than the share it may cost, fine again without it.
TEST(Avc420Encoder, GrainCostsAFilmNoMoreThanItsShare) {
  const Size size{640, 480};
  auto encoder = Avc420Encoder::create(bounds(size));
  ASSERT_TRUE(encoder);
  Picture picture(size);
  Random random(5);
  std::size_t bytes = 0;
  constexpr int kSettled = 30, kFrames = 60;
  for (int i = 0; i < kFrames; ++i) {
    draw_photo(picture, bounds(size), 1);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        picture.set(x, y, picture.at(x, y) ^ (random() % 64 * 0x010101u));
      }
    }
    const auto frame = (*encoder)->encode(picture.view(), Region(bounds(size)));
    ASSERT_TRUE(frame);
    if (i >= kSettled) bytes += frame->data.size();
    if (i == kFrames - 1) {
      EXPECT_GT(frame->qp, 24);
    }
  }
  const auto share = static_cast<std::size_t>(size.area()) * (kFrames - kSettled) / 20;  // 0.4 bits a pixel
  EXPECT_LT(bytes, share * 5 / 4);
  EXPECT_GT(bytes, share / 2) << "what it may cost is used";
  draw_photo(picture, bounds(size), 1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE((*encoder)->encode(picture.view(), Region(bounds(size))));
  EXPECT_LE((*encoder)->encode(picture.view(), Region(bounds(size)))->qp, 23);
}

}  // namespace
}  // namespace tobari::display
