// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures that tests and benchmarks share: made up, but with the statistics of what a desktop shows. The same seed
// always gives the same picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include <tobari/display/frame.h>

namespace tobari::display::testing {

// The same numbers everywhere, in the type that pixels have.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }
  // Between both, inclusive.
  int between(int from, int to) {
    return from + static_cast<int>((*this)() % static_cast<std::uint32_t>(to - from + 1));
  }

 private:
  std::mt19937 engine_;
};

struct Picture {
  Size size;
  std::vector<std::uint32_t> pixels;  // 0xXXRRGGBB; X is garbage on purpose

  Picture() = default;
  explicit Picture(Size of, std::uint32_t colour = 0);
  [[nodiscard]] FrameView view() const;
  [[nodiscard]] std::uint32_t at(int x, int y) const;  // X is zero
  void set(int x, int y, std::uint32_t colour);        // outside: nothing
  void fill(const Rect& rect, std::uint32_t colour);
  void paste(const Picture& from, Point at);
};

enum class Content : std::uint8_t { kSolid, kTextLight, kTextDark, kTextSubpixel, kInterface, kChart, kPhoto };
inline constexpr Content kAllContents[] = {Content::kSolid,        Content::kTextLight, Content::kTextDark,
                                           Content::kTextSubpixel, Content::kInterface, Content::kChart,
                                           Content::kPhoto};

[[nodiscard]] std::string_view name_of(Content content);
[[nodiscard]] Picture make_picture(Content content, Size size, std::uint32_t seed = 1);

// One character of the made-up font, anti-aliased, in a cell of 8x16.
inline constexpr Size kGlyphCell{8, 16};
enum class Smoothing : std::uint8_t { kGrey, kSubpixel };
void draw_glyph(Picture& on, Point at, char letter, std::uint32_t ink, Smoothing smoothing = Smoothing::kGrey);
void draw_text(Picture& on, const Rect& area, std::uint32_t ink, Random& random,
               Smoothing smoothing = Smoothing::kGrey);
void draw_photo(Picture& on, const Rect& area, int phase);

}  // namespace tobari::display::testing
