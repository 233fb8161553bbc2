// SPDX-License-Identifier: GPL-3.0-or-later
// A picture in which no two places look alike.
#pragma once

#include <cstdint>

#include <QImage>

namespace tobari::client::test {

inline QImage test_picture(int width, int height) {
  QImage image(width, height, QImage::Format_RGB32);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) image.setPixel(x, y, qRgb(x * 7 & 255, y * 5 & 255, (x * y) & 255));
  }
  return image;
}

}  // namespace tobari::client::test
