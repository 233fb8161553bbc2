// SPDX-License-Identifier: GPL-3.0-or-later
#include "desktops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "diff/tile_diff.h"

namespace tobari::display::testing {
namespace {

std::uint32_t grey(int level, int tint) {
  const auto byte = [](int v) { return static_cast<std::uint32_t>(std::clamp(v, 0, 255)); };
  return byte(level + tint) << 16 | byte(level) << 8 | byte(level - tint);
}

// Value noise: random values on a grid, smoothly in between.
class Relief {
 public:
  explicit Relief(std::uint32_t seed) : seed_(seed) {}
  [[nodiscard]] double at(double x, double y) const {
    const double left = std::floor(x);
    const double top = std::floor(y);
    const double u = smooth(x - left);
    const double v = smooth(y - top);
    const auto value = [&](double dx, double dy) { return corner(left + dx, top + dy); };
    return (value(0, 0) * (1 - u) + value(1, 0) * u) * (1 - v) + (value(0, 1) * (1 - u) + value(1, 1) * u) * v;
  }

 private:
  static double smooth(double t) { return t * t * (3 - 2 * t); }
  [[nodiscard]] double corner(double x, double y) const {
    auto h = static_cast<std::uint32_t>(static_cast<int>(x)) * 0x9E3779B1u + seed_;
    h = (h ^ (h >> 15)) * 0x85EBCA77u + static_cast<std::uint32_t>(static_cast<int>(y)) * 0xC2B2AE3Du;
    h = (h ^ (h >> 13)) * 0x27D4EB2Fu;
    return static_cast<double>((h ^ (h >> 16)) & 0xFFFFu) / 32767.5 - 1;
  }
  std::uint32_t seed_;
};

// Detail of all sizes, each half as strong as the one twice as large: what photographs have.
void draw_landscape(Picture& on, std::uint32_t seed) {
  constexpr int kOctaves = 8;
  for (int y = 0; y < on.size.height; ++y) {
    for (int x = 0; x < on.size.width; ++x) {
      double level = 0;
      double strength = 70;
      double period = 400;
      for (std::uint32_t octave = 0; octave < kOctaves; ++octave) {
        level += strength * Relief(seed * 31 + octave).at(x / period, y / period);
        strength /= 2;
        period /= 2;
      }
      on.set(x, y, grey(static_cast<int>(125 + level), static_cast<int>(level / 5)));
    }
  }
}

void draw_noise(Picture& on, Random& random) {
  const int strength = random.between(2, 90);
  const int middle = random.between(20, 235);
  for (int y = 0; y < on.size.height; ++y) {
    for (int x = 0; x < on.size.width; ++x) on.set(x, y, grey(middle + random.between(-strength, strength), 0));
  }
}

}  // namespace

std::string_view name_of(Desktop desktop) {
  static constexpr std::string_view kNames[] = {"text, light", "text, dark", "text, subpixel", "windows",
                                                "chart",       "photograph", "white page",     "black screen",
                                                "mixed",       "landscape",  "noise"};
  return kNames[static_cast<std::size_t>(desktop)];
}

Picture make_desktop(Desktop desktop, Size size, std::uint32_t seed) {
  Random random(seed * 77 + 5);
  const int w = size.width;
  const int h = size.height;
  switch (desktop) {
    case Desktop::kTextLight:
      return make_picture(Content::kTextLight, size, seed);
    case Desktop::kTextDark:
      return make_picture(Content::kTextDark, size, seed);
    case Desktop::kTextSubpixel:
      return make_picture(Content::kTextSubpixel, size, seed);
    case Desktop::kInterface:
      return make_picture(Content::kInterface, size, seed);
    case Desktop::kChart:
      return make_picture(Content::kChart, size, seed);
    case Desktop::kPhoto:
      return make_picture(Content::kPhoto, size, seed);
    case Desktop::kWhitePage: {
      Picture page(size, 0xFFFFFFu);
      draw_text(page, {w / 5, h / 4, w / 2, h / 8}, 0x202020u, random);
      return page;
    }
    case Desktop::kBlackScreen: {
      Picture screen(size, 0x000000u);
      draw_text(screen, {8, 8, w / 2, h / 10}, 0xC0C0C0u, random);
      return screen;
    }
    case Desktop::kMixed: {
      Picture mixed = make_picture(Content::kInterface, size, seed);
      draw_photo(mixed, {w / 2, h / 8, w * 2 / 5, h / 2}, static_cast<int>(seed));
      return mixed;
    }
    case Desktop::kLandscape: {
      Picture landscape(size);
      draw_landscape(landscape, seed);
      const Rect window{w / 3, h / 3, w / 3, h / 3};
      landscape.fill(window, 0xF8F8F8u);
      draw_text(landscape, {window.x + 8, window.y + 8, window.width - 16, window.height - 16}, 0x202020u, random);
      return landscape;
    }
    case Desktop::kNoise: {
      Picture noise(size);
      draw_noise(noise, random);
      return noise;
    }
  }
  return Picture(size);
}

Picture marked(const Picture& picture, std::uint64_t number, std::string_view text) {
  TileDiff diff;
  diff.reset(picture.size, ScreenMark::make(text, number));
  static_cast<void>(diff.update(picture.view(), Region(bounds(picture.size))));
  Picture shown(picture.size);
  for (int y = 0; y < picture.size.height; ++y) {
    for (int x = 0; x < picture.size.width; ++x) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, diff.picture().at(x, y), sizeof pixel);
      shown.set(x, y, pixel);
    }
  }
  return shown;
}

}  // namespace tobari::display::testing
