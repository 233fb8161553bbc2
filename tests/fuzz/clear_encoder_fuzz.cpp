// SPDX-License-Identifier: GPL-3.0-or-later
// Any pixels through the ClearCodec encoder and FreeRDP's decoder, several rectangles on one connection. The input is
// a program of five bytes a step: what to draw with, then a rectangle; steps that do not draw encode it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "decoders.h"
#include "encode/clear_encoder.h"
#include "pictures.h"

namespace {

using namespace tobari::display;

constexpr Size kScreen{160, 120};
constexpr std::size_t kStep = 5;
constexpr std::size_t kMaxSteps = 400;

class Program {
 public:
  void step(std::span<const std::uint8_t, kStep> code) {
    const int x = code[1] % kScreen.width;
    const int y = code[2] % kScreen.height;
    const Rect rect = intersect({x, y, 1 + code[3], 1 + code[4]}, bounds(kScreen));
    switch (code[0] >> 6) {
      case 0:
        source_.fill(rect, colour(code[0]));
        break;
      case 1:  // every so many pixels another colour: runs, suites, palettes of any size
        scatter(rect, 1u + (code[0] & 0x3Fu));
        break;
      case 2:
        draw_glyph(source_, {x, y}, static_cast<char>('a' + code[0] % 26), colour(code[3]));
        break;
      default:
        show(rect);
    }
  }

 private:
  static std::uint32_t colour(std::uint8_t seed) { return seed * 0x01234567u >> 4; }

  void scatter(const Rect& rect, std::uint32_t colours) {
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        state_ = state_ * 1664525u + 1013904223u;
        if (state_ >> 30 != 0) source_.set(x, y, (state_ >> 8) % (colours * colours) * 0x10305u);
      }
    }
  }

  void show(const Rect& rect) {
    EncodedRect encoded{.codec = Codec::kClear, .rect = rect, .data = {}, .regions = {}};
    encoder_.encode(source_.view(), rect, encoded.data);
    if (!client_.show(encoded)) std::abort();
    for (int y = rect.y; y < rect.bottom(); ++y) {
      for (int x = rect.x; x < rect.right(); ++x) {
        if (client_.picture().at(x, y) != source_.at(x, y)) std::abort();
      }
    }
  }

  testing::Picture source_{kScreen};
  ClearEncoder encoder_;
  testing::ReferenceClient client_{kScreen};
  std::uint32_t state_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program program;
  for (std::size_t i = 0; (i + 1) * kStep <= size && i < kMaxSteps; ++i) {
    program.step(std::span<const std::uint8_t, kStep>(data + i * kStep, kStep));
  }
  return 0;
}
