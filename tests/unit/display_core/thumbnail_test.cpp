// SPDX-License-Identifier: GPL-3.0-or-later
// Small pictures: the box filter against a plain one, JPEG against libjpeg-turbo's decoder, and every size there is.
#include "encode/thumbnail.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <turbojpeg.h>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <tobari/base/thumbnail.h>

#include "encode/downscale.h"
#include "encode/jpeg_encoder.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;

std::uint32_t mean_of(const Picture& picture, const Rect& part) {
  std::array<double, 3> sums{};
  for (int y = part.y; y < part.bottom(); ++y) {
    for (int x = part.x; x < part.right(); ++x) {
      for (unsigned c = 0; c < 3; ++c) sums[c] += (picture.at(x, y) >> (8 * c)) & 0xFF;
    }
  }
  std::uint32_t mean = 0;
  for (unsigned c = 0; c < 3; ++c) {
    mean |= static_cast<std::uint32_t>(std::lround(sums[c] / static_cast<double>(part.area()))) << (8 * c);
  }
  return mean;
}

Rect part_of(Size from, Size to, int x, int y) {
  const int left = x * from.width / to.width;
  const int top = y * from.height / to.height;
  return {left, top, (x + 1) * from.width / to.width - left, (y + 1) * from.height / to.height - top};
}

std::uint32_t pixel(const SmallPicture& picture, int x, int y) {
  std::uint32_t value = 0;
  std::memcpy(&value, picture.view().at(x, y), sizeof value);
  return value;
}

struct Decoded {
  Size size;
  std::vector<std::byte> pixels;  // as FrameView has them
};

Decoded decode(const std::vector<std::byte>& jpeg) {
  Decoded out;
  const auto* bytes = reinterpret_cast<const unsigned char*>(jpeg.data());
  tjhandle handle = tjInitDecompress();
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(handle, bytes, jpeg.size(), &out.size.width, &out.size.height, &subsampling, &colours) == 0) {
    out.pixels.resize(static_cast<std::size_t>(out.size.area()) * kBytesPerPixel);
    EXPECT_EQ(tjDecompress2(handle, bytes, jpeg.size(), reinterpret_cast<unsigned char*>(out.pixels.data()),
                            out.size.width, 0, out.size.height, TJPF_BGRX, 0),
              0);
  }
  tjDestroy(handle);
  return out;
}

double psnr(const FrameView& a, const FrameView& b) {
  double error = 0;
  for (int y = 0; y < a.size.height; ++y) {
    for (int x = 0; x < a.size.width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double d = std::to_integer<int>(a.at(x, y)[c]) - std::to_integer<int>(b.at(x, y)[c]);
        error += d * d;
      }
    }
  }
  error /= static_cast<double>(a.size.area()) * 3;
  return error == 0 ? 99 : 10 * std::log10(255.0 * 255.0 / error);
}

TEST(FitWithin, KeepsTheShapeAndNeverGrows) {
  EXPECT_EQ(fit_within({1920, 1080}, 480), (Size{480, 270}));
  EXPECT_EQ(fit_within({1080, 1920}, 480), (Size{270, 480}));
  EXPECT_EQ(fit_within({480, 100}, 480), (Size{480, 100}));
  EXPECT_EQ(fit_within({1, 1}, 480), (Size{1, 1}));
  EXPECT_EQ(fit_within({kMaxSide, 1}, 480), (Size{480, 1}));
}

TEST(Downscale, EveryPixelIsTheMeanOfThoseItStandsFor) {
  for (const Size from : {Size{317, 203}, Size{640, 240}, Size{61, 1}, Size{7, 250}}) {
    const Picture picture = make_picture(Content::kPhoto, from);
    for (const int most : {1, 3, 60, 61}) {
      const Size to = fit_within(from, most);
      const SmallPicture small = downscale(picture.view(), to);
      ASSERT_EQ(small.size, to);
      for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
          ASSERT_EQ(pixel(small, x, y), mean_of(picture, part_of(from, to, x, y)))
              << from.width << "x" << from.height << " to " << most << " at " << x << "," << y;
        }
      }
    }
  }
}

// A white line would overflow sums that hold 257 rows.
TEST(Downscale, VeryTallPicturesDoNotOverflow) {
  const Picture white({3, kMaxSide}, 0xFFFFFF);
  EXPECT_EQ(pixel(downscale(white.view(), {1, 1}), 0, 0), 0xFFFFFFU);
}

TEST(Downscale, AllInstructionSetsAddAlike) {
  std::vector<std::byte> row(1003);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::byte>(i * 7);
  std::vector<std::uint16_t> expected(row.size(), 300);
  add_row_scalar(row.data(), row.size(), expected.data());
  for (std::int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    std::vector<std::uint16_t> sums(row.size(), 300);
    add_row(row.data(), row.size(), sums.data());
    EXPECT_EQ(sums, expected) << hwy::TargetName(rest & -rest);
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(Jpeg, IsThePicture) {
  const auto encoder = JpegEncoder::create().value();
  for (const Content content : testing::kAllContents) {
    const Picture picture = make_picture(content, {317, 203});
    const Rect part{5, 3, 301, 197};
    std::vector<std::byte> jpeg;
    encoder->encode(picture.view(), part, jpeg);
    const Decoded decoded = decode(jpeg);
    ASSERT_EQ(decoded.size, (Size{part.width, part.height}));
    const FrameView seen{decoded.pixels.data(), decoded.size, static_cast<std::size_t>(part.width) * kBytesPerPixel};
    const FrameView meant{picture.view().at(part.x, part.y), decoded.size, picture.view().stride};
    EXPECT_GT(psnr(seen, meant), 20) << testing::name_of(content);
  }
}

TEST(Jpeg, AppendsAndLeavesWhatIsThere) {
  const auto encoder = JpegEncoder::create().value();
  std::vector<std::byte> out{std::byte{7}};
  encoder->encode(Picture({16, 16}, 0x123456).view(), {0, 0, 16, 16}, out);
  EXPECT_EQ(out.front(), std::byte{7});
  EXPECT_EQ(decode({out.begin() + 1, out.end()}).size, (Size{16, 16}));
}

TEST(Thumbnail, ResemblesTheDesktop) {
  const Picture desktop = make_picture(Content::kInterface, {1920, 1080});
  const auto jpeg = make_thumbnail(desktop.view()).value();
  const Decoded decoded = decode(jpeg);
  ASSERT_EQ(decoded.size, (Size{480, 270}));
  const SmallPicture meant = downscale(desktop.view(), decoded.size);
  const FrameView seen{decoded.pixels.data(), decoded.size, 480 * kBytesPerPixel};
  EXPECT_GT(psnr(seen, meant.view()), 28);
}

TEST(Thumbnail, FitsWhateverTheDesktopShows) {
  for (const Size size :
       {Size{1, 1}, Size{2, 1}, Size{480, 480}, Size{4096, 4096}, Size{kMaxSide, 1}, Size{1, kMaxSide}}) {
    Picture noise(size);
    testing::Random random(5);
    for (std::uint32_t& value : noise.pixels) value = random();
    const auto jpeg = make_thumbnail(noise.view()).value();
    EXPECT_TRUE(is_thumbnail({reinterpret_cast<const char*>(jpeg.data()), jpeg.size()})) << size.width;
    EXPECT_TRUE(decode(jpeg).size.valid());
  }
}

TEST(Thumbnail, OnlyPicturesPassForOne) {
  EXPECT_TRUE(is_thumbnail("\xFF\xD8\xFF x \xFF\xD9"));
  EXPECT_FALSE(is_thumbnail(""));
  EXPECT_FALSE(is_thumbnail("\xFF\xD8\xFF\xD9"));
  EXPECT_FALSE(is_thumbnail("<svg onload=…>"));
  EXPECT_FALSE(is_thumbnail("\xFF\xD8\xFF" + std::string(kMaxThumbnailBytes, ' ') + "\xFF\xD9"));
}

}  // namespace
}  // namespace tobari::display
