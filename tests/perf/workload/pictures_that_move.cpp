// SPDX-License-Identifier: GPL-3.0-or-later
// Photographs and video. No recording is at hand everywhere, so the scenery is made: noise in octaves as clouds and
// ground have it, edges as mountains and houses have them, and what a camera adds: pan, zoom, soft edges, grain.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "scene.h"

namespace tobari::workload {
namespace {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> pixels;
  Image(int w, int h) : width(w), height(h), pixels(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  std::uint32_t& at(int x, int y) {
    return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
  }
  [[nodiscard]] std::uint32_t at(int x, int y) const { return const_cast<Image*>(this)->at(x, y); }
};

std::uint32_t scramble(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  std::uint32_t h = x * 0x9E3779B1U ^ y * 0x85EBCA77U ^ seed * 0xC2B2AE3DU;
  h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
  return h ^ (h >> 13);
}

float lattice(int x, int y, std::uint32_t seed) {
  return static_cast<float>(scramble(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), seed) & 0xFFFF) /
         65535.0F;
}

float smooth_noise(float x, float y, std::uint32_t seed) {
  const float fx = std::floor(x);
  const float fy = std::floor(y);
  const auto ease = [](float t) { return t * t * (3 - 2 * t); };
  const float tx = ease(x - fx);
  const float ty = ease(y - fy);
  const int ix = static_cast<int>(fx);
  const int iy = static_cast<int>(fy);
  return std::lerp(std::lerp(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), tx),
                   std::lerp(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), tx), ty);
}

float octaves(float x, float y, std::uint32_t seed, int count) {
  float sum = 0;
  float weight = 0.5F;
  for (int i = 0; i < count; ++i, x *= 2, y *= 2, weight /= 2)
    sum += weight * smooth_noise(x, y, seed + static_cast<std::uint32_t>(i));
  return sum;
}

std::uint32_t pack(float r, float g, float b) {
  const auto byte = [](float v) { return static_cast<std::uint32_t>(std::clamp(v, 0.0F, 1.0F) * 255.0F + 0.5F); };
  return byte(r) << 16 | byte(g) << 8 | byte(b);
}

// Sky, two ranges of mountains, ground with houses.
std::uint32_t scenery(int x, int y, int width, int height) {
  const float u = static_cast<float>(x) / static_cast<float>(width);
  const float v = static_cast<float>(y) / static_cast<float>(height);
  const float far = 0.35F + 0.22F * (octaves(u * 6, 1, 11, 5) - 0.5F);
  const float near = 0.55F + 0.25F * (octaves(u * 9, 2, 23, 6) - 0.5F);
  if (v < far) {
    const float cloud = std::max(0.0F, octaves(u * 7, v * 12, 3, 6) - 0.45F) * 2;
    return pack(0.35F + 0.3F * v + cloud, 0.55F + 0.3F * v + cloud, 0.85F + 0.1F * v + cloud);
  }
  if (v < near) {
    const float rock = octaves(u * 40, v * 40, 37, 6);
    return pack(0.25F + 0.35F * rock, 0.3F + 0.3F * rock, 0.38F + 0.25F * rock);
  }
  const int house = static_cast<int>(u * 22);
  const float in_house = u * 22 - static_cast<float>(house);
  const float roof = 0.62F + 0.16F * lattice(house, 0, 91);
  if (v > roof && v < 0.86F && in_house > 0.1F && in_house < 0.85F) {
    const bool window = static_cast<int>(in_house * 9) % 2 == 1 && static_cast<int>(v * 60) % 2 == 1;
    const float wall = 0.1F * octaves(u * 200, v * 200, 51, 3);
    const float tone = lattice(house, 1, 91);
    return window ? pack(0.1F + wall, 0.12F + wall, 0.16F + wall)
                  : pack(0.5F + 0.4F * tone + wall, 0.45F + 0.3F * tone + wall, 0.4F + wall);
  }
  const float grass = octaves(u * 90, v * 90, 67, 6);
  return pack(0.1F + 0.25F * grass, 0.2F + 0.5F * grass, 0.08F + 0.15F * grass);
}

Image make_scenery(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) image.at(x, y) = scenery(x, y, width, height);
  return image;
}

// The part of `from` around (x, y), `scale` of its pixels to one, softly sampled; `grain`: how strong.
void sample(const Image& from, float x0, float y0, float scale, int grain, std::uint32_t seed, Image& to) {
  for (int y = 0; y < to.height; ++y) {
    const float sy = std::clamp(y0 + static_cast<float>(y) * scale, 0.0F, static_cast<float>(from.height - 2));
    const int iy = static_cast<int>(sy);
    const auto ty = static_cast<std::uint32_t>((sy - static_cast<float>(iy)) * 256);
    for (int x = 0; x < to.width; ++x) {
      const float sx = std::clamp(x0 + static_cast<float>(x) * scale, 0.0F, static_cast<float>(from.width - 2));
      const int ix = static_cast<int>(sx);
      const auto tx = static_cast<std::uint32_t>((sx - static_cast<float>(ix)) * 256);
      const std::uint32_t quad[4] = {from.at(ix, iy), from.at(ix + 1, iy), from.at(ix, iy + 1),
                                     from.at(ix + 1, iy + 1)};
      const int noise =
          grain == 0 ? 0
                     : static_cast<int>(scramble(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), seed) %
                                        static_cast<std::uint32_t>(2 * grain + 1)) -
                           grain;
      std::uint32_t out = 0;
      for (const int shift : {0, 8, 16}) {
        const auto c = [&quad, shift](int i) { return quad[i] >> shift & 0xFF; };
        const std::uint32_t upper = c(0) * (256 - tx) + c(1) * tx;
        const std::uint32_t lower = c(2) * (256 - tx) + c(3) * tx;
        const int value = static_cast<int>((upper * (256 - ty) + lower * ty) >> 16) + noise;
        out |= static_cast<std::uint32_t>(std::clamp(value, 0, 255)) << shift;
      }
      to.at(x, y) = out;
    }
  }
}

// Something that goes through the picture: a shaded ball.
void ball(Image& on, float cx, float cy, float radius, Colour colour) {
  for (int y = std::max(0, static_cast<int>(cy - radius)); y < std::min(on.height, static_cast<int>(cy + radius));
       ++y) {
    for (int x = std::max(0, static_cast<int>(cx - radius)); x < std::min(on.width, static_cast<int>(cx + radius));
         ++x) {
      const float dx = (static_cast<float>(x) - cx) / radius;
      const float dy = (static_cast<float>(y) - cy) / radius;
      const float d = dx * dx + dy * dy;
      if (d > 1) continue;
      const float light = std::max(0.15F, std::sqrt(1 - d) - 0.3F * (dx + dy));
      on.at(x, y) = pack(static_cast<float>(colour.red) * light, static_cast<float>(colour.green) * light,
                         static_cast<float>(colour.blue) * light);
    }
  }
}

void show(Canvas& canvas, const Image& image, int x0, int y0) {
  canvas.flush();
  for (int y = 0; y < image.height; ++y)
    std::memcpy(canvas.row(y0 + y) + x0,
                &image.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width)],
                static_cast<std::size_t>(image.width) * 4);
  canvas.touch();
  canvas.put({x0, y0, image.width, image.height});
}

class Video final : public Scene {
 public:
  explicit Video(bool whole_screen) : whole_(whole_screen) {}
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), canvas.height()}, {0.93, 0.93, 0.95});
    for (int y = kTop + 30; y < canvas.height(); y += 24)
      canvas.text(30, y, 15, prose()[static_cast<std::size_t>(y) % prose().size()]);
    const Box box = moving(canvas);
    const Image scene = make_scenery(box.width * 3 / 2, box.height * 3 / 2);
    const int count = whole_ ? 24 : 48;
    for (int i = 0; i < count; ++i) {
      Image& frame = frames_.emplace_back(box.width, box.height);
      const auto t = static_cast<float>(i);
      sample(scene, 20 + 5.3F * t, 10 + 2.1F * t, 1.15F - 0.003F * t, 3, static_cast<std::uint32_t>(i + 1), frame);
      ball(frame, static_cast<float>(box.width) * 0.2F + 9 * t, static_cast<float>(box.height) * 0.6F - 4 * t, 70,
           {0.9, 0.5, 0.2});
      ball(frame, static_cast<float>(box.width) * 0.8F - 6 * t, static_cast<float>(box.height) * 0.3F + 5 * t, 45,
           {0.3, 0.5, 0.9});
    }
  }
  void step(Canvas& canvas, int number) override {
    const int last = static_cast<int>(frames_.size()) - 1;
    const int place = number % (2 * last);
    const Box box = moving(canvas);
    show(canvas, frames_[static_cast<std::size_t>(place <= last ? place : 2 * last - place)], box.x, box.y);
  }
  [[nodiscard]] Box moving(const Canvas& canvas) const override {
    if (whole_) return {0, kTop, canvas.width(), canvas.height() - kTop};
    const int width = std::min(1280, canvas.width() - 40);
    const int height = std::min(720, canvas.height() - kTop - 20);
    return {(canvas.width() - width) / 2, (canvas.height() - height) / 2, width, height};
  }

 private:
  bool whole_;
  std::vector<Image> frames_;
};

// A photograph is shown, looked at, zoomed into in eight steps, looked at; then the next part of the scenery.
class Photo final : public Scene {
 public:
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), canvas.height()}, {0.15, 0.15, 0.16});
    scene_ = std::make_unique<Image>(make_scenery(2400, 1500));
    shown_ = std::make_unique<Image>(moving(canvas).width, moving(canvas).height);
  }
  void step(Canvas& canvas, int number) override {
    const int within = number % 40;
    if (within > 0 && (within < 20 || within > 28)) return;
    const float zoom = within == 0 ? 1.0F : 1.0F - 0.05F * static_cast<float>(within - 19);
    const auto part = static_cast<float>(number / 40 % 4) * 150;
    const Box box = moving(canvas);
    sample(*scene_, part, part / 2, zoom, 1, static_cast<std::uint32_t>(number / 40), *shown_);
    show(canvas, *shown_, box.x, box.y);
  }
  [[nodiscard]] int frames_a_second() const override { return 10; }
  [[nodiscard]] Box moving(const Canvas& canvas) const override {
    return {160, kTop + 20, canvas.width() - 320, canvas.height() - kTop - 40};
  }

 private:
  std::unique_ptr<Image> scene_;
  std::unique_ptr<Image> shown_;
};

}  // namespace

std::unique_ptr<Scene> make_video_window() { return std::make_unique<Video>(false); }
std::unique_ptr<Scene> make_video_full() { return std::make_unique<Video>(true); }
std::unique_ptr<Scene> make_photo() { return std::make_unique<Photo>(); }

}  // namespace tobari::workload
