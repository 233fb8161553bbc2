// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to pictures of a desktop on their way.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <tobari/watermark/mark_reader.h>

#include "pictures.h"

namespace tobari::display::testing {

struct Photo {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

[[nodiscard]] Photo photo_of(const Picture& picture);
[[nodiscard]] watermark::GreyPicture grey_of(const Photo& photo);

// Encoded and decoded again, colours at half the resolution as usual.
[[nodiscard]] Photo as_jpeg(const Photo& photo, int quality);
[[nodiscard]] Photo scaled(const Photo& photo, double by);
[[nodiscard]] Photo cut_out(const Photo& photo, const Rect& part);

// Seen from aside: the corners (left top, right top, right bottom, left bottom) of the picture come to lie at these
// places of a picture of `size`; what is around it is dark.
[[nodiscard]] Photo in_perspective(const Photo& photo, Size size, const std::array<std::array<double, 2>, 4>& corners);

// As a camera takes it: out of focus by so many pixels, light falling off to one side, flatter contrast, noise.
struct Camera {
  double blur = 0.7;  // standard deviation
  double contrast = 0.85;
  double offset = 12;
  double falling_off = 0.2;  // of the light, from one side to the other
  double noise = 2.5;        // standard deviation, levels
};
[[nodiscard]] Photo taken_with(const Photo& photo, const Camera& camera, std::uint32_t seed);

}  // namespace tobari::display::testing
