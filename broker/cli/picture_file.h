// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures from files: PNG (libpng), JPEG (libjpeg-turbo), PPM and PGM (binary: P6, P5; a header of numbers before the
// pixels). Files come from anywhere: they are read up to kMaxPictureFile, and pixels are allocated for no more than the
// reader of marks looks at. How a camera says that it was held (Exif) is not looked at.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/watermark/mark_reader.h>

namespace tobari::cli {

inline constexpr std::size_t kMaxPictureFile = std::size_t{256} << 20;  // bytes

// As luma. kInvalidArgument: no such picture, too large, or broken.
[[nodiscard]] Result<watermark::GreyPicture> parse_picture(std::span<const std::byte> file);
[[nodiscard]] Result<watermark::GreyPicture> load_picture(const std::string& path);

}  // namespace tobari::cli
