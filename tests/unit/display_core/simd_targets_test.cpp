// SPDX-License-Identifier: GPL-3.0-or-later
// The same bytes come out whatever instruction set the machine has.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "diff/tile_diff.h"
#include "encode/clear_encoder.h"
#include "encode/frame_encoder.h"
#include "encode/planar_encoder.h"
#include "encode/progressive_encoder.h"
#include "encode/yuv_convert.h"
#include "pictures.h"

namespace tobari::display {
namespace {

std::vector<std::byte> everything_encoded() {
  std::vector<std::byte> out;
  for (const testing::Content content : testing::kAllContents) {
    const testing::Picture picture = make_picture(content, {317, 203});
    TileDiff diff;
    diff.reset(picture.size);
    const Region changed = diff.update(picture.view(), Region(bounds(picture.size)));
    FrameEncoder encoder(picture.size, {});
    for (const EncodedRect& rect : encoder.encode(diff.picture(), changed, {}).rects) {
      out.insert(out.end(), rect.data.begin(), rect.data.end());
    }
    ClearEncoder clear;
    PlanarEncoder planar;
    for (RectEncoder* encoder_of_all : {static_cast<RectEncoder*>(&clear), static_cast<RectEncoder*>(&planar)}) {
      encoder_of_all->encode(picture.view(), {3, 1, 311, 199}, out);
    }
    ProgressiveEncoder progressive;
    const EncodedRect photograph =
        progressive.encode(picture.view(), Region({3, 1, 311, 199}), ProgressiveEncoder::Quality::kFine);
    out.insert(out.end(), photograph.data.begin(), photograph.data.end());
    std::vector<std::uint8_t> luma(2 * 316);
    std::vector<std::uint8_t> chroma(316);
    convert_two_rows(picture.view().row(50), picture.view().row(51), 316,
                     {{luma.data(), luma.data() + 316}, chroma.data(), chroma.data() + 158});
    for (const auto* plane : {&luma, &chroma}) {
      for (const std::uint8_t value : *plane) out.push_back(static_cast<std::byte>(value));
    }
  }
  return out;
}

TEST(SimdTargets, AllGiveTheSame) {
  const std::vector<std::byte> best = everything_encoded();
  int tried = 0;
  for (std::int64_t rest = hwy::SupportedTargets(); rest != 0; rest &= rest - 1) {
    const std::int64_t target = rest & -rest;
    hwy::SetSupportedTargetsForTest(target);
    EXPECT_TRUE(everything_encoded() == best) << hwy::TargetName(target);
    ++tried;
  }
  hwy::SetSupportedTargetsForTest(0);
  EXPECT_GE(tried, 1);
}

}  // namespace
}  // namespace tobari::display
