// SPDX-License-Identifier: GPL-3.0-or-later
#include "pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

namespace tobari::display::testing {

namespace {

constexpr std::uint32_t kColourMask = 0x00FFFFFFu;

std::uint32_t rgb(int r, int g, int b) {
  const auto byte = [](int v) { return static_cast<std::uint32_t>(std::clamp(v, 0, 255)); };
  return byte(r) << 16 | byte(g) << 8 | byte(b);
}

int channel(std::uint32_t colour, int shift) { return static_cast<int>((colour >> shift) & 0xFFu); }

std::uint32_t blend(std::uint32_t below, std::uint32_t above, const std::array<int, 3>& coverage) {
  std::array<int, 3> mixed{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int shift = 16 - 8 * static_cast<int>(i);
    mixed[i] = (channel(below, shift) * (255 - coverage[i]) + channel(above, shift) * coverage[i]) / 255;
  }
  return rgb(mixed[0], mixed[1], mixed[2]);
}

// Strokes of a letter in a grid of 3x5 points, derived from its code.
struct Stroke {
  double x0, y0, x1, y1;
};

std::vector<Stroke> strokes_of(char letter) {
  Random random(static_cast<unsigned char>(letter) * 7919u);
  std::vector<Stroke> strokes;
  const auto x = [](std::uint32_t i) { return 1.2 + 2.3 * static_cast<double>(i); };
  const auto y = [](std::uint32_t i) { return 3.5 + 2.2 * static_cast<double>(i); };
  strokes.push_back({x(0), y(random() % 2), x(0), y(4)});
  const std::uint32_t more = 1 + random() % 3;
  for (std::uint32_t i = 0; i < more; ++i) {
    const std::uint32_t row = random() % 5;
    if (random() % 2 == 0) {
      strokes.push_back({x(0), y(row), x(2), y(row)});
    } else {
      strokes.push_back({x(random() % 3), y(row), x(random() % 3), y(random() % 5)});
    }
  }
  return strokes;
}

double distance(const Stroke& s, double px, double py) {
  const double dx = s.x1 - s.x0;
  const double dy = s.y1 - s.y0;
  const double length = dx * dx + dy * dy;
  const double t = length == 0 ? 0 : std::clamp(((px - s.x0) * dx + (py - s.y0) * dy) / length, 0.0, 1.0);
  return std::hypot(px - s.x0 - t * dx, py - s.y0 - t * dy);
}

int coverage_at(const std::vector<Stroke>& strokes, double px, double py) {
  double nearest = 9;
  for (const Stroke& stroke : strokes) nearest = std::min(nearest, distance(stroke, px, py));
  return static_cast<int>(std::clamp(1.2 - nearest, 0.0, 1.0) * 255) / 17 * 17;
}

using Coverage = std::array<std::array<std::array<int, 3>, 8>, 16>;

const Coverage& coverage_of(char letter, Smoothing smoothing) {
  static const auto all = [] {
    auto table = std::make_unique<std::array<std::array<Coverage, 128>, 2>>();
    for (std::size_t letter_code = 0; letter_code < 128; ++letter_code) {
      const auto strokes = strokes_of(static_cast<char>(letter_code));
      for (std::size_t y = 0; y < 16; ++y) {
        for (std::size_t x = 0; x < 8; ++x) {
          for (std::size_t c = 0; c < 3; ++c) {
            const double px = static_cast<double>(x) + 0.5;
            const double py = static_cast<double>(y) + 0.5;
            (*table)[0][letter_code][y][x][c] = coverage_at(strokes, px, py);
            (*table)[1][letter_code][y][x][c] = coverage_at(strokes, px + (static_cast<double>(c) - 1) / 3, py);
          }
        }
      }
    }
    return table;
  }();
  return (*all)[smoothing == Smoothing::kSubpixel ? 1 : 0][static_cast<unsigned char>(letter) & 127u];
}

void draw_frame(Picture& on, const Rect& rect, std::uint32_t colour) {
  on.fill({rect.x, rect.y, rect.width, 1}, colour);
  on.fill({rect.x, rect.bottom() - 1, rect.width, 1}, colour);
  on.fill({rect.x, rect.y, 1, rect.height}, colour);
  on.fill({rect.right() - 1, rect.y, 1, rect.height}, colour);
}

void draw_icon(Picture& on, Point at, int side, Random& random) {
  const std::uint32_t inner = random() & kColourMask;
  const std::uint32_t outer = random() & kColourMask;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double radius = std::hypot(x - side / 2.0, y - side / 2.0);
      const double edge = std::clamp(side / 2.0 - radius, 0.0, 1.0);
      if (edge <= 0) continue;
      const int shade = 255 - y * 4;
      const std::uint32_t colour = radius < side / 4.0 ? inner : blend(outer, 0xFFFFFFu, {y * 3, y * 3, y * 3});
      const int alpha = static_cast<int>(edge * shade);
      on.set(at.x + x, at.y + y, blend(on.at(at.x + x, at.y + y), colour, {alpha, alpha, alpha}));
    }
  }
}

void draw_window(Picture& on, const Rect& rect, Random& random) {
  on.fill(rect, 0xF6F5F4u);
  for (int y = 0; y < 28; ++y) on.fill({rect.x, rect.y + y, rect.width, 1}, rgb(210 - y, 208 - y, 205 - y));
  draw_text(on, {rect.x + 12, rect.y + 6, rect.width / 3, 16}, 0x2E3436u, random);
  draw_frame(on, rect, 0x8F8F8Fu);
  for (int x = rect.x + 8; x + 40 < rect.right(); x += 44) draw_icon(on, {x, rect.y + 34}, 24, random);
  const Rect page{rect.x + 10, rect.y + 66, rect.width - 24, rect.height - 78};
  on.fill(page, 0xFFFFFFu);
  draw_frame(on, page, 0xB0B0B0u);
  draw_text(on, {page.x + 6, page.y + 6, page.width - 12, page.height - 12}, 0x202020u, random);
  on.fill({rect.right() - 12, page.y, 8, page.height}, 0xDDDDDDu);
  on.fill({rect.right() - 11, page.y + page.height / 4, 6, page.height / 3}, 0x909090u);
}

void draw_interface(Picture& on, Random& random) {
  on.fill(bounds(on.size), 0x3B6EA5u);
  const int w = on.size.width;
  const int h = on.size.height;
  on.fill({0, h - 30, w, 30}, 0x2E2E2Eu);
  for (int i = 0; i < 6; ++i) draw_text(on, {8 + i * 130, h - 22, 110, 16}, 0xE0E0E0u, random);
  draw_window(on, {w / 20, h / 20, w / 2, h * 3 / 5}, random);
  draw_window(on, {w * 2 / 5, h / 4, w / 2, h * 3 / 5}, random);
}

void draw_line(Picture& on, double x0, double y0, double x1, double y1, std::uint32_t colour) {
  const int steps = static_cast<int>(std::max(std::abs(x1 - x0), std::abs(y1 - y0))) + 1;
  for (int i = 0; i <= steps; ++i) {
    const double x = x0 + (x1 - x0) * i / steps;
    const double y = y0 + (y1 - y0) * i / steps;
    const int part = static_cast<int>((y - std::floor(y)) * 255);
    const int column = static_cast<int>(x);
    const int row = static_cast<int>(y);
    on.set(column, row, blend(on.at(column, row), colour, {255 - part, 255 - part, 255 - part}));
    on.set(column, row + 1, blend(on.at(column, row + 1), colour, {part, part, part}));
  }
}

void draw_chart(Picture& on, Random& random) {
  on.fill(bounds(on.size), 0x101418u);
  const int w = on.size.width;
  const int h = on.size.height;
  for (int x = 40; x < w; x += 60) on.fill({x, 0, 1, h}, 0x262C33u);
  for (int y = 20; y < h; y += 40) {
    on.fill({0, y, w, 1}, 0x262C33u);
    draw_text(on, {2, y - 8, 34, 16}, 0x9AA4AFu, random);
  }
  for (const std::uint32_t colour : {0x4FC3F7u, 0xFFB74Du, 0x81C784u}) {
    double y = h / 2.0;
    for (int x = 44; x + 6 < w; x += 6) {
      const double next = std::clamp(y + (static_cast<double>(random() % 41) - 20), 4.0, h - 6.0);
      draw_line(on, x, y, x + 6, next, colour);
      y = next;
    }
  }
  for (int x = 44; x + 8 < w; x += 10) {
    const int height = static_cast<int>(random() % 60u);
    on.fill({x, h - height, 7, height}, random() % 2 == 0 ? 0x2E7D32u : 0xC62828u);
  }
}

}  // namespace

Picture::Picture(Size of, std::uint32_t colour) : size(of), pixels(static_cast<std::size_t>(of.area())) {
  Random random(99);
  for (std::uint32_t& pixel : pixels) pixel = (colour & kColourMask) | (random() & 0xFF000000u);
}

FrameView Picture::view() const {
  return {reinterpret_cast<const std::byte*>(pixels.data()), size,
          static_cast<std::size_t>(size.width) * kBytesPerPixel};
}

std::uint32_t Picture::at(int x, int y) const {
  if (x < 0 || y < 0 || x >= size.width || y >= size.height) return 0;
  return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(x)] &
         kColourMask;
}

void Picture::set(int x, int y, std::uint32_t colour) {
  if (x < 0 || y < 0 || x >= size.width || y >= size.height) return;
  std::uint32_t& pixel =
      pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) + static_cast<std::size_t>(x)];
  pixel = (pixel & ~kColourMask) | (colour & kColourMask);
}

void Picture::fill(const Rect& rect, std::uint32_t colour) {
  const Rect inside = intersect(rect, bounds(size));
  for (int y = inside.y; y < inside.bottom(); ++y) {
    for (int x = inside.x; x < inside.right(); ++x) set(x, y, colour);
  }
}

void Picture::paste(const Picture& from, Point at) {
  for (int y = 0; y < from.size.height; ++y) {
    for (int x = 0; x < from.size.width; ++x) set(at.x + x, at.y + y, from.at(x, y));
  }
}

void draw_glyph(Picture& on, Point at, char letter, std::uint32_t ink, Smoothing smoothing) {
  const Coverage& coverage = coverage_of(letter, smoothing);
  for (int y = 0; y < kGlyphCell.height; ++y) {
    for (int x = 0; x < kGlyphCell.width; ++x) {
      const auto& part = coverage[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
      if (part[0] + part[1] + part[2] == 0) continue;
      on.set(at.x + x, at.y + y, blend(on.at(at.x + x, at.y + y), ink, part));
    }
  }
}

void draw_text(Picture& on, const Rect& area, std::uint32_t ink, Random& random, Smoothing smoothing) {
  static constexpr std::string_view kLetters =
      "eeeeeeeetttttaaaaooooiiiinnnnsssshhhrrrdddlluuccmmwwffggyyppbbvkjxqzETAOINS0123456789.,";
  for (int y = area.y; y + kGlyphCell.height <= area.bottom(); y += kGlyphCell.height + 2) {
    const int end = area.x + area.width - static_cast<int>(random() % 16u) * area.width / 32;
    int word = 0;
    for (int x = area.x; x + kGlyphCell.width <= end; x += kGlyphCell.width) {
      if (word-- == 0) {
        word = 1 + static_cast<int>(random() % 9u);
        continue;
      }
      draw_glyph(on, {x, y}, kLetters[random() % kLetters.size()], ink, smoothing);
    }
  }
}

void draw_photo(Picture& on, const Rect& area, int phase) {
  Random random(static_cast<std::uint32_t>(phase) + 5u);
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      const double u = (x + phase * 3) / 97.0;
      const double v = (y - phase * 2) / 61.0;
      const int noise = static_cast<int>(random() % 9u) - 4;
      const int base = static_cast<int>(120 + 60 * std::sin(u) * std::cos(v) + 40 * std::sin(u * 0.37 + v));
      on.set(x, y, rgb(base + noise, base * 3 / 4 + 30 + noise, 220 - base + noise));
    }
  }
}

std::string_view name_of(Content content) {
  switch (content) {
    case Content::kSolid:
      return "solid";
    case Content::kTextLight:
      return "text_light";
    case Content::kTextDark:
      return "text_dark";
    case Content::kTextSubpixel:
      return "text_subpixel";
    case Content::kInterface:
      return "interface";
    case Content::kChart:
      return "chart";
    case Content::kPhoto:
      return "photo";
  }
  return "";
}

Picture make_picture(Content content, Size size, std::uint32_t seed) {
  Random random(seed);
  Picture picture(size, 0xFFFFFFu);
  const Rect inside{6, 4, size.width - 12, size.height - 8};
  switch (content) {
    case Content::kSolid:
      picture.fill(bounds(size), 0x336699u);
      break;
    case Content::kTextLight:
      draw_text(picture, inside, 0x202020u, random);
      break;
    case Content::kTextDark:
      picture.fill(bounds(size), 0x1E1E1Eu);
      draw_text(picture, {inside.x, inside.y, inside.width / 2, inside.height}, 0xD4D4D4u, random);
      draw_text(picture, {inside.x + inside.width / 2, inside.y, inside.width / 2, inside.height}, 0x9CDCFEu, random);
      break;
    case Content::kTextSubpixel:
      draw_text(picture, inside, 0x000000u, random, Smoothing::kSubpixel);
      break;
    case Content::kInterface:
      draw_interface(picture, random);
      break;
    case Content::kChart:
      draw_chart(picture, random);
      break;
    case Content::kPhoto:
      draw_photo(picture, bounds(size), static_cast<int>(seed % 1000));
      break;
  }
  return picture;
}

}  // namespace tobari::display::testing
