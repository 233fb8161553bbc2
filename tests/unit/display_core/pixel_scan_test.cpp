// SPDX-License-Identifier: GPL-3.0-or-later
// The vector loops over pixels against plain ones.
#include "encode/pixel_scan.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "encode/bit_scan.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Picture;
using testing::Random;

bool bit_at(const std::vector<std::uint64_t>& words, std::size_t at) { return (words[at / 64] >> (at % 64) & 1) != 0; }

// A part of any shape, of few colours and anything in the X bytes.
struct Part {
  Picture picture;
  Rect rect;
  PixelBlock block;
  explicit Part(Random& random) : picture({random.between(1, 300), random.between(1, 140)}) {
    const std::uint32_t colours = 1u << random() % 5;
    for (std::uint32_t& pixel : picture.pixels) {
      pixel = (random() & 0xFF000000u) | (random() % 8 == 0 ? random() % colours : 0u);
    }
    rect.x = random.between(0, picture.size.width - 1);
    rect.y = random.between(0, picture.size.height - 1);
    rect.width = random.between(1, picture.size.width - rect.x);
    rect.height = random.between(1, picture.size.height - rect.y);
    load_block(picture.view(), rect, block);
  }
};

TEST(PixelScan, ABlockIsTheRectangleWithoutX) {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const Part part(random);
    ASSERT_EQ(part.block.pixels.size(), static_cast<std::size_t>(part.rect.area()));
    for (int y = 0; y < part.rect.height; ++y) {
      for (int x = 0; x < part.rect.width; ++x) {
        ASSERT_EQ(part.block.row(y)[x], part.picture.at(part.rect.x + x, part.rect.y + y) & 0xFFFFFFu) << round;
      }
    }
  }
}

TEST(PixelScan, MarksRowsAndColumnsThatAreDrawn) {
  Random random(6);
  for (int round = 0; round < 400; ++round) {
    const Part part(random);
    const PixelView view = part.block.view({0, 0, part.rect.width, part.rect.height});
    const auto width = static_cast<std::size_t>(view.width);
    const auto height = static_cast<std::size_t>(view.height);
    std::vector<std::uint64_t> rows(words_for(height), ~std::uint64_t{0});
    std::vector<std::uint64_t> columns(words_for(width), ~std::uint64_t{0});
    const std::uint32_t background = random() % 2;
    mark_drawn(view, background, rows.data(), columns.data());
    std::vector<std::uint64_t> expected_rows(rows.size());
    std::vector<std::uint64_t> expected_columns(columns.size());
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        if (view.row(static_cast<int>(y))[x] == background) continue;
        expected_rows[y / 64] |= std::uint64_t{1} << (y % 64);
        expected_columns[x / 64] |= std::uint64_t{1} << (x % 64);
      }
    }
    ASSERT_EQ(rows, expected_rows) << round;
    ASSERT_EQ(columns, expected_columns) << round;
  }
}

TEST(PixelScan, FindsWhereRunsBegin) {
  Random random(7);
  std::vector<std::uint64_t> starts(1000, ~std::uint64_t{0});
  for (int round = 0; round < 400; ++round) {
    const Part part(random);
    const PixelView view = part.block.view({0, 0, part.rect.width, part.rect.height});
    const Texture texture = look_at(view, 0);
    find_runs(view, starts);
    const std::size_t words = words_for(static_cast<std::size_t>(view.width));
    ASSERT_EQ(starts.size(), words * static_cast<std::size_t>(view.height));
    std::size_t runs = 0;
    std::size_t background = 0;
    std::uint32_t before = ~view.row(0)[0];
    for (int y = 0; y < view.height; ++y) {
      for (int x = 0; x < view.width; ++x) {
        const std::uint32_t pixel = view.row(y)[x];
        const bool begins = pixel != before;
        ASSERT_EQ(bit_at(starts, static_cast<std::size_t>(y) * words * 64 + static_cast<std::size_t>(x)), begins);
        runs += begins ? 1 : 0;
        background += pixel == 0 ? 1 : 0;
        before = pixel;
      }
    }
    ASSERT_EQ(texture.runs, runs);
    ASSERT_EQ(texture.background, background);
  }
}

}  // namespace
}  // namespace tobari::display
