// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/cursor_alpha.h"

#include <vector>

#include <gmock/gmock.h>

namespace tobari::display {
namespace {

using ::testing::ElementsAre;

TEST(CursorAlpha, ColoursAreDividedByAlpha) {
  std::vector<std::uint32_t> argb{0xFF102030, 0x80804000, 0x00000000, 0x01010101, 0x7F3F0000};
  ASSERT_TRUE(looks_premultiplied(argb));
  unpremultiply(argb);
  EXPECT_THAT(argb, ElementsAre(0xFF102030, 0x80FF8000, 0U, 0x01FFFFFF, 0x7F7E0000));
}

TEST(CursorAlpha, AColourAboveItsAlphaIsStraight) {
  EXPECT_FALSE(looks_premultiplied(std::vector<std::uint32_t>{0xFFFFFFFF, 0x20FFFFFF}));
  EXPECT_TRUE(looks_premultiplied(std::vector<std::uint32_t>{}));
}

}  // namespace
}  // namespace tobari::display
