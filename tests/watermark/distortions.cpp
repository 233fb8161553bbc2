// SPDX-License-Identifier: GPL-3.0-or-later
#include "distortions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <turbojpeg.h>
#include <utility>

namespace tobari::display::testing {
namespace {

using Corners = std::array<std::array<double, 2>, 4>;
using Map = std::array<double, 8>;  // x = (m0 u + m1 v + m2) / (m6 u + m7 v + 1), y = (m3 u + m4 v + m5) / the same

std::size_t index(const Photo& photo, int x, int y) {
  return 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(photo.width) + static_cast<std::size_t>(x));
}

Photo empty(int width, int height) {
  return {width, height,
          std::vector<std::uint8_t>(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
}

std::uint8_t level(double value) { return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

// Between four pixels; outside there is a dark wall.
std::array<double, 3> sample(const Photo& photo, double x, double y) {
  constexpr double kWall = 40;
  if (x < -0.5 || y < -0.5 || x > photo.width - 0.5 || y > photo.height - 0.5) return {kWall, kWall, kWall};
  x = std::clamp(x, 0.0, photo.width - 1.0);
  y = std::clamp(y, 0.0, photo.height - 1.0);
  const int left = std::min(static_cast<int>(x), std::max(photo.width - 2, 0));
  const int top = std::min(static_cast<int>(y), std::max(photo.height - 2, 0));
  const double u = x - left;
  const double v = y - top;
  std::array<double, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto at = [&](int dx, int dy) {
      return static_cast<double>(photo.rgb[index(photo, left + dx, top + dy) + c]);
    };
    colour[c] = (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v;
  }
  return colour;
}

// `map` takes a place in the result to one in the picture; each pixel is the mean of samples * samples places in it.
Photo warped(const Photo& photo, int width, int height, const Map& map, int samples) {
  Photo result = empty(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::array<double, 3> sum{};
      for (int i = 0; i < samples * samples; ++i) {
        const double u = x + (i % samples + 0.5) / samples;
        const double v = y + (i / samples + 0.5) / samples;
        const double w = map[6] * u + map[7] * v + 1;
        const auto colour =
            sample(photo, (map[0] * u + map[1] * v + map[2]) / w - 0.5, (map[3] * u + map[4] * v + map[5]) / w - 0.5);
        for (std::size_t c = 0; c < 3; ++c) sum[c] += colour[c];
      }
      for (std::size_t c = 0; c < 3; ++c) result.rgb[index(result, x, y) + c] = level(sum[c] / (samples * samples));
    }
  }
  return result;
}

// Gauss, with the largest pivots.
Map solved(std::array<std::array<double, 9>, 8> m) {
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t pivot = i;
    for (std::size_t row = i; row < 8; ++row) {
      if (std::abs(m[row][i]) > std::abs(m[pivot][i])) pivot = row;
    }
    std::swap(m[i], m[pivot]);
    for (std::size_t row = 0; row < 8; ++row) {
      if (row == i) continue;
      const double factor = m[row][i] / m[i][i];
      for (std::size_t column = i; column < 9; ++column) m[row][column] -= factor * m[i][column];
    }
  }
  Map x{};
  for (std::size_t i = 0; i < 8; ++i) x[i] = m[i][8] / m[i][i];
  return x;
}

Photo blurred(const Photo& photo, double sigma) {
  std::array<double, 7> kernel{};
  double total = 0;
  for (int i = -3; i <= 3; ++i) {
    const double weight = std::exp(-i * i / (2 * sigma * sigma));
    kernel[static_cast<std::size_t>(i + 3)] = weight;
    total += weight;
  }
  const auto along = [&](const Photo& from, int dx, int dy) {
    Photo to = empty(from.width, from.height);
    for (int y = 0; y < from.height; ++y) {
      for (int x = 0; x < from.width; ++x) {
        for (std::size_t c = 0; c < 3; ++c) {
          double sum = 0;
          for (int i = -3; i <= 3; ++i) {
            const int at_x = std::clamp(x + i * dx, 0, from.width - 1);
            const int at_y = std::clamp(y + i * dy, 0, from.height - 1);
            sum += kernel[static_cast<std::size_t>(i + 3)] * from.rgb[index(from, at_x, at_y) + c];
          }
          to.rgb[index(to, x, y) + c] = level(sum / total);
        }
      }
    }
    return to;
  };
  return along(along(photo, 1, 0), 0, 1);
}

}  // namespace

Photo photo_of(const Picture& picture) {
  Photo photo = empty(picture.size.width, picture.size.height);
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      photo.rgb[3 * i + c] = static_cast<std::uint8_t>(picture.pixels[i] >> (16 - 8 * c));
    }
  }
  return photo;
}

watermark::GreyPicture grey_of(const Photo& photo) {
  watermark::GreyPicture grey{photo.width, photo.height, std::vector<std::uint8_t>(photo.rgb.size() / 3)};
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    grey.pixels[i] = level(0.299 * photo.rgb[3 * i] + 0.587 * photo.rgb[3 * i + 1] + 0.114 * photo.rgb[3 * i + 2]);
  }
  return grey;
}

Photo as_jpeg(const Photo& photo, int quality) {
  const std::unique_ptr<void, decltype(&tjDestroy)> encoder(tjInitCompress(), tjDestroy);
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), tjDestroy);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  Photo result = empty(photo.width, photo.height);
  const bool done =
      tjCompress2(encoder.get(), photo.rgb.data(), photo.width, 0, photo.height, TJPF_RGB, &data, &size, TJSAMP_420,
                  quality, 0) == 0 &&
      tjDecompress2(decoder.get(), data, size, result.rgb.data(), photo.width, 0, photo.height, TJPF_RGB, 0) == 0;
  tjFree(data);
  if (!done) std::abort();
  return result;
}

Photo scaled(const Photo& photo, double by) {
  const int width = static_cast<int>(std::lround(photo.width * by));
  const int height = static_cast<int>(std::lround(photo.height * by));
  const double x = static_cast<double>(photo.width) / width;
  const double y = static_cast<double>(photo.height) / height;
  return warped(photo, width, height, {x, 0, 0, 0, y, 0, 0, 0}, by < 1 ? 4 : 1);
}

Photo cut_out(const Photo& photo, const Rect& part) {
  Photo result = empty(part.width, part.height);
  for (int y = 0; y < part.height; ++y) {
    std::copy_n(photo.rgb.begin() + static_cast<std::ptrdiff_t>(index(photo, part.x, part.y + y)), 3 * part.width,
                result.rgb.begin() + static_cast<std::ptrdiff_t>(index(result, 0, y)));
  }
  return result;
}

Photo in_perspective(const Photo& photo, Size size, const Corners& corners) {
  const Corners of_photo{{{0, 0},
                          {static_cast<double>(photo.width), 0},
                          {static_cast<double>(photo.width), static_cast<double>(photo.height)},
                          {0, static_cast<double>(photo.height)}}};
  std::array<std::array<double, 9>, 8> m{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double u = corners[i][0];
    const double v = corners[i][1];
    const double x = of_photo[i][0];
    const double y = of_photo[i][1];
    m[2 * i] = {u, v, 1, 0, 0, 0, -x * u, -x * v, x};
    m[2 * i + 1] = {0, 0, 0, u, v, 1, -y * u, -y * v, y};
  }
  return warped(photo, size.width, size.height, solved(m), 3);
}

Photo taken_with(const Photo& photo, const Camera& camera, std::uint32_t seed) {
  Photo taken = blurred(photo, camera.blur);
  Random random(seed);
  for (int y = 0; y < taken.height; ++y) {
    for (int x = 0; x < taken.width; ++x) {
      const double light = 1 - camera.falling_off * x / taken.width;
      for (std::size_t c = 0; c < 3; ++c) {
        double noise = -6;  // the sum of twelve: nearly normal
        for (int i = 0; i < 4; ++i) {
          const std::uint32_t r = random();
          noise += ((r & 0x3FFu) + ((r >> 10) & 0x3FFu) + ((r >> 20) & 0x3FFu)) / 1023.0;
        }
        std::uint8_t& value = taken.rgb[index(taken, x, y) + c];
        value = level((camera.offset + camera.contrast * value) * light + camera.noise * noise);
      }
    }
  }
  return taken;
}

}  // namespace tobari::display::testing
