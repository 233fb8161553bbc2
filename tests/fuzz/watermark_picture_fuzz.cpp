// SPDX-License-Identifier: GPL-3.0-or-later
// Picture files for `tobari watermark read`: refused or read, within limits. Small ones go through the reader of marks
// as well, which then must not find what nobody hid.
#include <cstddef>
#include <cstdint>
#include <span>

#include <tobari/watermark/mark_reader.h>

#include "input.h"
#include "picture_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari;
  const auto picture = cli::parse_picture(std::as_bytes(std::span(data, size)));
  if (!picture) return 0;
  const auto area = static_cast<std::size_t>(picture->width) * static_cast<std::size_t>(picture->height);
  fuzz::require(picture->width > 0 && picture->height > 0);
  fuzz::require(picture->width <= watermark::kMaxPictureSide && picture->height <= watermark::kMaxPictureSide);
  fuzz::require(area <= watermark::kMaxPicturePixels && picture->pixels.size() == area);
  constexpr std::size_t kSmall = std::size_t{200} * 200;
  if (area <= kSmall) fuzz::require(!watermark::read_mark(*picture));
  return 0;
}
