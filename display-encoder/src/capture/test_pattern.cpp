// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/test_pattern.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <format>
#include <span>
#include <string>
#include <utility>

namespace tobari::display {
namespace {

constexpr std::uint32_t kInk = 0xFF202020;
constexpr std::uint32_t kPaper = 0xFFF4F1E8;
constexpr std::uint32_t kCellEven = 0xFF37474F;
constexpr std::uint32_t kCellOdd = 0xFF455A64;
constexpr std::uint32_t kInvert = 0x00FFFFFF;

constexpr int kEchoColumns = 32;
constexpr int kEchoRows = 9;  // 128 plain keys, 128 extended keys, one row of buttons

constexpr std::array<std::pair<std::string_view, Pattern>, 8> kNames{{
    {"card", Pattern::kCard},
    {"clock", Pattern::kClock},
    {"noise", Pattern::kNoise},
    {"pages", Pattern::kPages},
    {"scroll", Pattern::kScroll},
    {"typing", Pattern::kTyping},
    {"video", Pattern::kVideo},
    {"window", Pattern::kWindow},
}};

constexpr std::string_view kProse =
    "A CURTAIN THAT LETS LIGHT THROUGH AND KEEPS THE ROOM TO ITSELF. 0123456789, 10:45 - EVERY PIXEL COUNTS. ";

int cell_height(Size size) noexcept { return std::clamp(size.height / 64, 1, 12); }

Rect cell(Size size, int column, int row) noexcept {
  const int height = cell_height(size);
  const int top = size.height - kEchoRows * height + row * height;
  const int left = static_cast<int>(static_cast<long>(size.width) * column / kEchoColumns);
  const int right = static_cast<int>(static_cast<long>(size.width) * (column + 1) / kEchoColumns);
  return intersect({left, top, right - left, height}, bounds(size));
}

constexpr std::uint32_t rgb(int r, int g, int b) noexcept {
  return 0xFF000000U | static_cast<std::uint32_t>((r & 255) << 16 | (g & 255) << 8 | (b & 255));
}

}  // namespace

Result<Pattern> parse_pattern(std::string_view name) {
  for (const auto& [known, pattern] : kNames) {
    if (known == name) return pattern;
  }
  return fail(Errc::kInvalidArgument, std::format("no pattern named {}, use one of: {}", name, kPatternNames));
}

std::chrono::milliseconds step_interval(Pattern pattern) noexcept {
  using std::chrono::milliseconds;
  switch (pattern) {
    case Pattern::kCard:
      return milliseconds(0);
    case Pattern::kClock:
      return milliseconds(1000);
    case Pattern::kNoise:
      return milliseconds(40);
    case Pattern::kPages:
      return milliseconds(200);
    case Pattern::kScroll:
    case Pattern::kWindow:
      return milliseconds(33);
    case Pattern::kTyping:
      return milliseconds(100);
    case Pattern::kVideo:
      return milliseconds(40);
  }
  return milliseconds(0);
}

Rect echo_cell(Size size, std::uint8_t scancode, bool extended) noexcept {
  const int key = (scancode & 0x7F) + (extended ? 128 : 0);
  return cell(size, key % kEchoColumns, key / kEchoColumns);
}

Rect echo_cell(Size size, Button button) noexcept { return cell(size, static_cast<int>(button), kEchoRows - 1); }

TestPattern::TestPattern(Pattern pattern, Size size) : pattern_(pattern), canvas_(size) {
  canvas_.fill(bounds(size), kPaper);
  const bool covers_card = pattern_ == Pattern::kPages || pattern_ == Pattern::kWindow;
  if (pattern_ == Pattern::kCard || pattern_ == Pattern::kVideo || covers_card) draw_card();
  if (covers_card) backdrop_ = canvas_;
  draw_echo_strip();
  step();
}

Rect TestPattern::stage() const noexcept {
  const Size size = canvas_.size();
  return {0, 0, size.width, std::max(1, size.height - kEchoRows * cell_height(size))};
}

Rect TestPattern::step() {
  const Rect changed = [this] {
    switch (pattern_) {
      case Pattern::kCard:
        return Rect{};
      case Pattern::kClock:
        return step_clock();
      case Pattern::kNoise:
        return step_noise();
      case Pattern::kPages:
        return step_pages();
      case Pattern::kScroll:
        return step_scroll();
      case Pattern::kTyping:
        return step_typing();
      case Pattern::kVideo:
        return step_video();
      case Pattern::kWindow:
        return step_window();
    }
    return Rect{};
  }();
  ++steps_;
  return intersect(changed, stage());
}

Rect TestPattern::echo(const Rect& cell) {
  const Rect area = intersect(cell, bounds(canvas_.size()));
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) canvas_.at(x, y) ^= kInvert;
  }
  return area;
}

void TestPattern::draw_echo_strip() {
  for (int row = 0; row < kEchoRows; ++row) {
    for (int column = 0; column < kEchoColumns; ++column) {
      canvas_.fill(cell(canvas_.size(), column, row), (row + column) % 2 == 0 ? kCellEven : kCellOdd);
    }
  }
}

void TestPattern::draw_card() {
  const Rect all = stage();
  const int band = std::max(1, all.height / 4);
  // Cut to the stage: on the smallest desktops the bands do not all find room.
  draw_bars(intersect({all.x, all.y, all.width, band}, all));
  draw_gradients(intersect({all.x, all.y + band, all.width, band}, all));
  draw_stripes(intersect({all.x, all.y + 2 * band, all.width, band}, all));
  draw_text(intersect({all.x, all.y + 3 * band, all.width, all.height}, all));
  // A one-pixel frame in a colour of its own: a picture that lost an edge shows it.
  canvas_.fill({all.x, all.y, all.width, 1}, rgb(255, 0, 160));
  canvas_.fill({all.x, all.bottom() - 1, all.width, 1}, rgb(255, 0, 160));
  canvas_.fill({all.x, all.y, 1, all.height}, rgb(255, 0, 160));
  canvas_.fill({all.right() - 1, all.y, 1, all.height}, rgb(255, 0, 160));
}

void TestPattern::draw_bars(const Rect& area) {
  constexpr std::array<std::uint32_t, 8> kBars{rgb(255, 255, 255), rgb(255, 255, 0), rgb(0, 255, 255), rgb(0, 255, 0),
                                               rgb(255, 0, 255),   rgb(255, 0, 0),   rgb(0, 0, 255),   rgb(0, 0, 0)};
  for (int i = 0; i < 8; ++i) {
    const int left = area.width * i / 8;
    canvas_.fill({area.x + left, area.y, area.width * (i + 1) / 8 - left, area.height},
                 kBars[static_cast<std::size_t>(i)]);
  }
}

void TestPattern::draw_gradients(const Rect& area) {
  for (int y = area.y; y < area.bottom(); ++y) {
    const int channel = (y - area.y) * 4 / std::max(1, area.height);
    for (int x = area.x; x < area.right(); ++x) {
      const int level = (x - area.x) * 255 / std::max(1, area.width - 1);
      canvas_.at(x, y) = channel == 0   ? rgb(level, level, level)
                         : channel == 1 ? rgb(level, 0, 0)
                         : channel == 2 ? rgb(0, level, 0)
                                        : rgb(0, 0, level);
    }
  }
}

void TestPattern::draw_stripes(const Rect& area) {
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      const int third = (x - area.x) * 3 / std::max(1, area.width);
      const bool dark = third == 0 ? x % 2 == 0 : third == 1 ? y % 2 == 0 : (x + y) % 2 == 0;
      canvas_.at(x, y) = dark ? rgb(0, 0, 0) : rgb(255, 255, 255);
    }
  }
}

void TestPattern::draw_text(const Rect& area) {
  canvas_.fill(area, kPaper);
  const Size size = canvas_.size();
  canvas_.text({area.x + 8, area.y + 6}, std::format("TOBARI TEST CARD {}X{}", size.width, size.height), 2, kInk);
  for (int y = area.y + 26, line = 0; y + 8 <= area.bottom(); y += 10, ++line) {
    const auto from = static_cast<std::size_t>(line * 7) % kProse.size();
    canvas_.text({area.x + 8, y}, kProse.substr(from), 1, kInk);
  }
}

Rect TestPattern::step_clock() {
  const Rect all = stage();
  const int scale = std::clamp(std::min(all.width / 80, all.height / 12), 1, 8);
  const Rect line{0, 0, std::min(all.width, 8 * 6 * scale + 2), std::min(all.height, 8 * scale)};
  canvas_.fill(line, kPaper);
  if (line.height < 8 * scale) return line;
  canvas_.text({2, 0}, std::format("{:02}:{:02}:{:02}", steps_ / 3600, steps_ / 60 % 60, steps_ % 60), scale, kInk);
  return line;
}

Rect TestPattern::step_noise() {
  const Rect area = stage();
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) canvas_.at(x, y) = random() | 0xFF000000U;
  }
  return area;
}

Rect TestPattern::step_scroll() {
  constexpr int kLine = 10;
  const Rect area = stage();
  const auto row_bytes = static_cast<std::size_t>(area.width) * kBytesPerPixel;
  for (int y = area.y; y + kLine < area.bottom(); ++y) std::memcpy(canvas_.row(y), canvas_.row(y + kLine), row_bytes);
  const Rect line = intersect({area.x, area.bottom() - kLine, area.width, kLine}, area);
  canvas_.fill(line, kPaper);
  if (line.height == kLine) {
    const auto from = static_cast<std::size_t>(steps_ * 11) % kProse.size();
    canvas_.text({8, line.y + 1}, std::format("{:06} {}", steps_, kProse.substr(from)), 1, kInk);
  }
  return area;
}

Rect TestPattern::step_typing() {
  constexpr int kCellWidth = 12;
  constexpr int kCellHeight = 18;
  const Rect area = stage();
  const auto columns = static_cast<std::uint32_t>(std::max(1, area.width / kCellWidth));
  const auto lines = static_cast<std::uint32_t>(std::max(1, area.height / kCellHeight));
  const std::uint32_t position = steps_ % (columns * lines);
  const Rect where = intersect({static_cast<int>(position % columns) * kCellWidth,
                                static_cast<int>(position / columns) * kCellHeight, kCellWidth, kCellHeight},
                               area);
  canvas_.fill(where, kPaper);
  // A page that is full starts again from the top; glyphs are clipped by leaving tiny stages blank.
  if (where.width == kCellWidth && where.height == kCellHeight) {
    canvas_.text({where.x + 1, where.y + 2}, kProse.substr(steps_ % kProse.size(), 1), 2, kInk);
  }
  return where;
}

Rect TestPattern::step_video() {
  const Rect all = stage();
  const Rect area{all.width / 6, all.height / 6, all.width * 2 / 3, all.height * 2 / 3};
  const int t = static_cast<int>(steps_ % 4096);
  for (int y = area.y; y < area.bottom(); ++y) {
    for (int x = area.x; x < area.right(); ++x) {
      const int grain = static_cast<int>(random() & 7);
      canvas_.at(x, y) = rgb((x + 3 * t) / 2 + grain, (y + 2 * t) / 2 + grain, (x + y + 5 * t) / 3 + grain);
    }
  }
  return area;
}

Rect TestPattern::step_pages() {
  const Rect area = stage();
  if (steps_ % 2 == 1) {
    for (int y = area.y; y < area.bottom(); ++y) std::ranges::copy_n(backdrop_->row(y), area.width, canvas_.row(y));
    return area;
  }
  canvas_.fill(area, kPaper);
  constexpr int kLine = 10;
  for (int y = area.y + 4, line = 0; y + kLine <= area.bottom(); y += kLine, ++line) {
    canvas_.text({8, y}, kProse.substr(static_cast<std::size_t>(line * 13) % kProse.size()), 1, kInk);
  }
  return area;
}

// To and fro, with another speed in each direction.
Rect TestPattern::window_at(std::uint32_t step) const noexcept {
  const Rect area = stage();
  const Size size{std::max(1, area.width * 2 / 5), std::max(1, area.height * 2 / 5)};
  const auto swing = [step](int room, int speed) {
    if (room <= 0) return 0;
    const int at = static_cast<int>(static_cast<long>(step) * speed % (2L * room));
    return at < room ? at : 2 * room - at;
  };
  return {area.x + swing(area.width - size.width, 11), area.y + swing(area.height - size.height, 7), size.width,
          size.height};
}

Rect TestPattern::step_window() {
  const Rect old = steps_ == 0 ? Rect{} : window_at(steps_ - 1);
  for (int y = old.y; y < old.bottom(); ++y) {
    std::ranges::copy_n(backdrop_->row(y) + old.x, old.width, canvas_.row(y) + old.x);
  }
  const Rect now = window_at(steps_);
  Canvas window({now.width, now.height});
  window.fill(bounds(window.size()), kPaper);
  window.fill({0, 0, now.width, 14}, kCellEven);
  for (int y = 18, line = 0; y + 8 <= now.height; y += 10, ++line) {
    window.text({6, y}, kProse.substr(static_cast<std::size_t>(line * 17) % kProse.size()), 1, kInk);
  }
  for (int y = 0; y < now.height; ++y) std::ranges::copy_n(window.row(y), now.width, canvas_.row(now.y + y) + now.x);
  return unite(old, now);
}

std::uint32_t TestPattern::random() noexcept {  // xorshift64*: fast, and the same everywhere
  random_state_ ^= random_state_ >> 12;
  random_state_ ^= random_state_ << 25;
  random_state_ ^= random_state_ >> 27;
  return static_cast<std::uint32_t>(random_state_ * 0x2545F4914F6CDD1DU >> 32);
}

}  // namespace tobari::display
