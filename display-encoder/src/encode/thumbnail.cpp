// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/thumbnail.h"

#include <algorithm>
#include <array>
#include <utility>

#include <tobari/base/thumbnail.h>

#include "encode/downscale.h"
#include "encode/jpeg_encoder.h"

namespace tobari::display {
namespace {

// Noise at 480x480 takes the second of these.
constexpr std::array kQualities{JpegEncoder::kDefaultQuality, 60, 35};

}  // namespace

Result<std::vector<std::byte>> make_thumbnail(const FrameView& picture) {
  TOBARI_ASSIGN(const auto encoder, JpegEncoder::create());
  SmallPicture small = downscale(picture, fit_within(picture.size, kMaxThumbnailSide));
  for (;;) {
    for (const int quality : kQualities) {
      std::vector<std::byte> jpeg;
      encoder->set_quality(quality);
      encoder->encode(small.view(), bounds(small.size), jpeg);
      if (jpeg.empty()) return fail(Errc::kExhausted, "libjpeg-turbo has no memory");
      if (jpeg.size() <= kMaxThumbnailBytes) return jpeg;
    }
    small = downscale(small.view(), fit_within(small.size, std::max(small.size.width, small.size.height) / 2));
  }
}

}  // namespace tobari::display
