// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/bitmap.h"

#include <gtest/gtest.h>

#include "support/bitmaps.h"

namespace tobari::display {
namespace {

using testing::Dib;

TEST(Bitmap, WhatIsWellFormedPassesAsItIs) {
  for (const Dib& dib : {Dib{}, Dib{.bits = 24}, Dib{.height = -2}, Dib{.bits = 16, .compression = 3},
                         Dib{.compression = 3}, Dib{.bits = 8}, Dib{.bits = 8, .colours = 5}, Dib{.bits = 1},
                         Dib{.bits = 4}, Dib{.header = 108}, Dib{.header = 124, .compression = 3}}) {
    const auto bytes = dib.bytes();
    const auto file = bitmap_file_from_dib(bytes);
    ASSERT_TRUE(file) << describe(file.error());
    const auto picture = dib_of_bitmap_file(*file);
    EXPECT_TRUE(std::ranges::equal(picture, bytes));
    EXPECT_EQ(checked_bitmap_file(*file).value(), *file);
  }
}

TEST(Bitmap, TheStepsOfMemoryBehindItDoNotPass) {
  const auto exact = bitmap_file_from_dib(Dib{}.bytes()).value();
  EXPECT_EQ(bitmap_file_from_dib(Dib{}.bytes(16)).value(), exact);
  EXPECT_FALSE(bitmap_file_from_dib(Dib{}.bytes(17))) << "that is no step any more, but something else";
}

TEST(Bitmap, HeadersThatLieAreRefused) {
  for (const Dib& dib : {Dib{.header = 41}, Dib{.width = 0}, Dib{.width = -3}, Dib{.height = 0}, Dib{.planes = 2},
                         Dib{.bits = 7}, Dib{.bits = 0}, Dib{.compression = 1}, Dib{.compression = 4},
                         Dib{.compression = 5}, Dib{.bits = 24, .compression = 3}, Dib{.bits = 8, .colours = 257}}) {
    EXPECT_FALSE(bitmap_file_from_dib(dib.bytes()));
  }
  Dib huge;
  const auto small = huge.bytes();
  huge.width = kMaxBitmapSide;
  auto lying = small;
  lying[4] = std::byte{0xFF};
  lying[5] = std::byte{0x7F};  // 32,767 pixels wide, six there
  EXPECT_FALSE(bitmap_file_from_dib(lying));
  lying[7] = std::byte{0x7F};  // two thousand million
  EXPECT_FALSE(bitmap_file_from_dib(lying));
  for (std::size_t n = 0; n < small.size(); ++n) EXPECT_FALSE(bitmap_file_from_dib(std::span(small).first(n))) << n;
}

TEST(Bitmap, AColourProfileIsNoPartOfAPicture) {
  auto bytes = Dib{.header = 124}.bytes();
  bytes[116] = std::byte{8};
  EXPECT_FALSE(bitmap_file_from_dib(bytes));
}

TEST(Bitmap, FilesThatLieAreRefused) {
  const auto file = bitmap_file_from_dib(Dib{}.bytes()).value();
  auto gap = file;
  gap.insert(gap.begin() + 54, 4, std::byte{1});
  gap[10] = std::byte{58};
  EXPECT_FALSE(checked_bitmap_file(gap)) << "something between header and pixels";
  auto behind = file;
  behind.resize(behind.size() + 100);
  EXPECT_FALSE(checked_bitmap_file(behind));
  auto other = file;
  other[0] = std::byte{'P'};
  EXPECT_FALSE(checked_bitmap_file(other));
  EXPECT_FALSE(checked_bitmap_file({}));
}

}  // namespace
}  // namespace tobari::display
