// SPDX-License-Identifier: GPL-3.0-or-later
// The pictures of TestPatternSource. Pure: the same pattern, size and number of steps give the same pixels everywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>
#include <tobari/display/input.h>

#include "drawing/canvas.h"

namespace tobari::display {

enum class Pattern : std::uint8_t {
  kCard,    // stands still: colour bars, gradients, one-pixel stripes, text
  kClock,   // one line of text changes each second
  kNoise,   // every pixel changes, 25 times a second
  kPages,   // the card and a page of text in turn, 5 times a second
  kScroll,  // text moves up, 30 times a second
  kTyping,  // a character appears, 10 times a second
  kVideo,   // a smooth moving picture in the middle, 25 times a second
  kWindow,  // a window is dragged over the card, 30 times a second
};
inline constexpr std::string_view kPatternNames = "card, clock, noise, pages, scroll, typing, video, window";
[[nodiscard]] Result<Pattern> parse_pattern(std::string_view name);

// Time between two steps; zero for a pattern that stands still.
[[nodiscard]] std::chrono::milliseconds step_interval(Pattern pattern) noexcept;

// The echo strip along the bottom edge: 32 columns and 9 rows of cells, one for each key (its scan code, extended keys
// after the plain ones) and, in the last row, one for each button. Patterns do not draw there.
[[nodiscard]] Rect echo_cell(Size size, std::uint8_t scancode, bool extended) noexcept;
[[nodiscard]] Rect echo_cell(Size size, Button button) noexcept;

class TestPattern {
 public:
  TestPattern(Pattern pattern, Size size);  // size.valid()

  [[nodiscard]] const Canvas& canvas() const noexcept { return canvas_; }
  Rect step();                  // draws the next picture; what it changed
  Rect echo(const Rect& cell);  // inverts a cell; what it changed

 private:
  [[nodiscard]] Rect stage() const noexcept;  // all but the echo strip
  void draw_card();
  void draw_bars(const Rect& area);
  void draw_gradients(const Rect& area);
  void draw_stripes(const Rect& area);
  void draw_text(const Rect& area);
  void draw_echo_strip();
  Rect step_clock();
  Rect step_noise();
  Rect step_scroll();
  Rect step_typing();
  Rect step_pages();
  Rect step_video();
  Rect step_window();
  [[nodiscard]] Rect window_at(std::uint32_t step) const noexcept;
  std::uint32_t random() noexcept;

  Pattern pattern_;
  Canvas canvas_;
  std::optional<Canvas> backdrop_;  // the card, where it is covered and shown again
  std::uint32_t steps_ = 0;
  std::uint64_t random_state_ = 0x9e3779b97f4a7c15U;
};

}  // namespace tobari::display
