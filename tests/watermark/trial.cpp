// SPDX-License-Identifier: GPL-3.0-or-later
#include "trial.h"

#include <cmath>
#include <format>
#include <string_view>
#include <utility>

#include "desktops.h"
#include "distortions.h"

namespace tobari::display::testing {
namespace {

constexpr Size kScreen{1920, 1080};

Photo quarter_of(const Photo& photo, Random& random) {
  const int width = photo.width / 2;
  const int height = photo.height / 2;
  return cut_out(photo, {random.between(0, width), random.between(0, height), width, height});
}

// Corners that are off by up to `strength` of the picture's sides, on a picture `scale` as large.
Photo from_aside(const Photo& photo, double strength, double scale, Random& random) {
  const Size size{static_cast<int>(photo.width * scale), static_cast<int>(photo.height * scale)};
  std::array<std::array<double, 2>, 4> corners{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double in_x = strength * random.between(0, 1000) / 1000 * size.width;
    const double in_y = strength * random.between(0, 1000) / 1000 * size.height;
    corners[i] = {i == 0 || i == 3 ? in_x : size.width - in_x, i < 2 ? in_y : size.height - in_y};
  }
  return in_perspective(photo, size, corners);
}

Photo turned(const Photo& photo, double degrees) {
  const double c = std::cos(degrees / 57.29578);
  const double s = std::sin(degrees / 57.29578);
  const Size size{photo.width, photo.height};
  std::array<std::array<double, 2>, 4> corners{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = (i == 1 || i == 2 ? 0.5 : -0.5) * photo.width * 0.9;
    const double y = (i >= 2 ? 0.5 : -0.5) * photo.height * 0.9;
    corners[i] = {size.width / 2.0 + c * x - s * y, size.height / 2.0 + s * x + c * y};
  }
  return in_perspective(photo, size, corners);
}

struct Distorted {
  Photo photo;
  std::string what;
};

Distorted distort(Photo photo, std::size_t kind, std::uint32_t seed) {
  Random random(seed);
  const int quality = random.between(50, 90);
  const double scale = random.between(50, 200) / 100.0;
  switch (kind) {
    case 0:
      return {as_jpeg(photo, 50), "JPEG 50"};
    case 1:
      return {scaled(photo, 0.5), "half as large"};
    case 2:
      return {scaled(photo, 2), "twice as large"};
    case 3:
      return {quarter_of(photo, random), "a quarter cut out"};
    case 4:
      return {from_aside(photo, 0.08, 1, random), "in perspective (corners off by up to 8 %)"};
    case 5:
      return {as_jpeg(scaled(photo, 0.75), 50), "three quarters as large, JPEG 50"};
    case 6:
      return {as_jpeg(quarter_of(photo, random), 50), "a quarter cut out, JPEG 50"};
    case 7:
      return {as_jpeg(from_aside(photo, 0.08, 1, random), 50), "in perspective, JPEG 50"};
    case 8:
      return {as_jpeg(scaled(photo, 0.5), 50), "half as large, JPEG 50"};
    case 9:
      return {scaled(photo, scale), std::format("{} times as large", scale)};
    case 10:
      return {as_jpeg(scaled(photo, scale), quality), std::format("{} times as large, JPEG {}", scale, quality)};
    case 11:
      return {quarter_of(scaled(photo, 0.5), random), "half as large, a quarter cut out"};
    case 12:
      return {as_jpeg(quarter_of(scaled(photo, 0.7), random), 70), "0.7 times as large, a quarter cut out, JPEG 70"};
    case 13:
      return {as_jpeg(scaled(quarter_of(photo, random), 1.5), 60), "a quarter cut out, 1.5 times as large, JPEG 60"};
    case 14:
      return {as_jpeg(taken_with(from_aside(photo, 0.08, 1, random), {}, seed), 80), "photographed, JPEG 80"};
    case 15:
      return {as_jpeg(taken_with(from_aside(photo, 0.06, 1.4, random), {}, seed), 70),
              "photographed 1.4 times as large, JPEG 70"};
    case 16:
      return {as_jpeg(taken_with(from_aside(photo, 0.06, 0.8, random), {}, seed), 85),
              "photographed 0.8 times as large, JPEG 85"};
    case 17:
      return {quarter_of(from_aside(photo, 0.08, 1, random), random), "in perspective, a quarter cut out"};
    case 18:
      return {as_jpeg(turned(photo, random.between(-50, 50) / 10.0), 75), "turned by up to 5 degrees, JPEG 75"};
    default:
      return {as_jpeg(as_jpeg(scaled(as_jpeg(photo, 85), 0.8), 75), 60),
              "JPEG 85, 0.8 times as large, JPEG 75, JPEG 60"};
  }
}

std::uint64_t number_of(std::size_t index) {
  Random random(static_cast<std::uint32_t>(index) * 2654435761u + 17);
  const std::uint64_t high = random();
  return high << 32 | random();
}

}  // namespace

Trial distorted(std::size_t index) {
  const auto desktop = static_cast<Desktop>(index % kDesktops);
  const std::size_t kind = index / kDesktops % kDistortions;
  const auto seed = static_cast<std::uint32_t>(index + 1);
  // Every second one has a text over it as well.
  const std::string_view text = index % 2 == 0 ? "ALICE 2026-11-27 08:15Z 192.0.2.7 0F8C1A2B" : "";
  const Picture shown = marked(make_desktop(desktop, kScreen, seed), number_of(index), text);
  Distorted result = distort(photo_of(shown), kind, seed);
  return {std::format("{}; {}", name_of(desktop), result.what), number_of(index), grey_of(result.photo)};
}

Trial unmarked(std::size_t index) {
  constexpr Size kSmall{960, 540};
  const auto desktop = static_cast<Desktop>(index % (kDesktops + 1));
  const auto seed = static_cast<std::uint32_t>(index + 5000);
  Photo photo = photo_of(make_desktop(desktop, kSmall, seed));
  const int quality = 50 + static_cast<int>(index % 45);
  const bool lossy = index / (kDesktops + 1) % 2 != 0;
  if (lossy) photo = as_jpeg(photo, quality);
  return {std::format("{}{}", name_of(desktop), lossy ? std::format("; JPEG {}", quality) : ""), 0, grey_of(photo)};
}

}  // namespace tobari::display::testing
