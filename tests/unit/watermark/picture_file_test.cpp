// SPDX-License-Identifier: GPL-3.0-or-later
#include "picture_file.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <png.h>
#include <string>
#include <turbojpeg.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "desktops.h"
#include "distortions.h"
#include "watermark_commands.h"

namespace tobari::cli {
namespace {

using display::testing::Desktop;
using display::testing::Photo;

Photo desktop(std::uint64_t number) {
  return photo_of(marked(make_desktop(Desktop::kInterface, {800, 600}, 2), number));
}

std::string as_png(const Photo& photo) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(photo.width);
  image.height = static_cast<png_uint_32>(photo.height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, photo.rgb.data(), 0, nullptr);
  std::string file(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, file.data(), &size, 0, photo.rgb.data(), 0, nullptr), 0);
  return file;
}

std::string as_ppm(const Photo& photo) {
  std::string file = "P6\n# a comment\n" + std::to_string(photo.width) + " " + std::to_string(photo.height) + "\n255\n";
  file.append(reinterpret_cast<const char*>(photo.rgb.data()), photo.rgb.size());
  return file;
}

std::string as_jpeg_file(const Photo& photo) {
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const tjhandle encoder = tjInitCompress();
  EXPECT_EQ(
      tjCompress2(encoder, photo.rgb.data(), photo.width, 0, photo.height, TJPF_RGB, &data, &size, TJSAMP_444, 100, 0),
      0);
  std::string file(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  tjDestroy(encoder);
  return file;
}

Result<watermark::GreyPicture> parse(const std::string& file) { return parse_picture(std::as_bytes(std::span(file))); }

TEST(PictureFile, EveryKindGivesTheSamePicture) {
  const Photo photo = desktop(1);
  const auto expected = grey_of(photo);
  for (const std::string& file : {as_png(photo), as_ppm(photo), as_jpeg_file(photo)}) {
    const auto picture = parse(file);
    ASSERT_TRUE(picture) << picture.error().message;
    ASSERT_EQ(picture->width, photo.width);
    ASSERT_EQ(picture->height, photo.height);
    for (std::size_t i = 0; i < expected.pixels.size(); ++i) {
      ASSERT_NEAR(picture->pixels[i], expected.pixels[i], 3) << i << " of a file of " << file.size();
    }
  }
}

TEST(PictureFile, WhatIsNoPictureIsRefused) {
  const std::string png = as_png(desktop(1));
  for (const std::string& file :
       {std::string(), std::string("P6"), std::string("GIF89a1234"), png.substr(0, 30), std::string("P6 0 5 255\n"),
        std::string("P6 4 4 65535\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        std::string("P6 99 99 255\nabc"), std::string("P5 # never ends"),
        std::string("\xFF\xD8\xFF\xE0", 4) + std::string(20, '\0')}) {
    EXPECT_FALSE(parse(file)) << file.substr(0, 12);
  }
  EXPECT_FALSE(load_picture("/nowhere/at-all.png"));
}

// Only the chunks that its pixels are in reach libpng, which unpacks texts and refuses chunks like this one.
TEST(PictureFile, WhatElseIsInAPngIsPassedOver) {
  const std::string png = as_png(desktop(1));
  std::string with_more = png;
  constexpr std::size_t kAfterHeader = 8 + 12 + 13;
  with_more.insert(kAfterHeader, std::string("\0\0\0\4ABCDdata\0\0\0\0", 16));
  const auto picture = parse(with_more);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_EQ(picture->pixels, parse(png).value().pixels);
}

// A header may promise anything; nothing is allocated for it.
TEST(PictureFile, HugePicturesAreRefusedByTheirHeader) {
  EXPECT_FALSE(parse("P6 16384 16384 255\n"));
  EXPECT_FALSE(parse("P5 99999999999999999999 1 255\n"));
  EXPECT_FALSE(parse("P5 4294967297 4294967297 255\nx"));
  std::string png = as_png(desktop(1));
  for (std::size_t i = 16; i < 24; ++i) png[i] = '\x7F';  // width and height
  EXPECT_FALSE(parse(png));
}

TEST(WatermarkRead, SaysWhatItFound) {
  const auto folder = std::filesystem::temp_directory_path() / ("tobari-mark-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto write = [&folder](const char* name, const std::string& bytes) {
    const std::string path = folder / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  };
  const std::string with = write("with.png", as_png(desktop(0x0123456789ab4cdeu)));
  const std::string without = write("without.png", as_png(photo_of(make_desktop(Desktop::kInterface, {800, 600}, 2))));
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(read_watermark(with, false), 0);
  EXPECT_NE(::testing::internal::GetCapturedStdout().find("session 01234567-89ab-4cde,"), std::string::npos);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(read_watermark(with, true), 0);
  EXPECT_NE(::testing::internal::GetCapturedStdout().find("\"session\": \"01234567-89ab-4cde\""), std::string::npos);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(read_watermark(without, false), 1);
  ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(read_watermark(write("broken.png", "nothing"), false), 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tobari::cli
