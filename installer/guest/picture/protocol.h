// SPDX-License-Identifier: GPL-3.0-or-later
// The picture port's packets (PROTOCOL.md) and Xvfb's framebuffer file, without I/O.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace tobari::guest::picture {

enum Kind : std::int32_t {
  kSurface = 1,
  kDamage = 2,
  kPointer = 3,
  kPointerShown = 4,
  kKey = 16,
  kMove = 17,
  kButton = 18,
  kLocks = 19,
  kSize = 20
};
inline constexpr std::int32_t kVersion = 1;
inline constexpr std::size_t kMaxRects = 64;
inline constexpr int kMaxPointerSide = 128;

using Packet = std::vector<std::int32_t>;

struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
};

// Damage that waits: a few rectangles, of which the last one grows when there are too many.
class Waiting {
 public:
  void add(const Rect& rect) {
    if (rect.width <= 0 || rect.height <= 0) return;
    if (count_ < kMaxRects) {
      rects_[count_++] = rect;
      return;
    }
    Rect& last = rects_[count_ - 1];
    const int right = std::max(last.x + last.width, rect.x + rect.width);
    const int bottom = std::max(last.y + last.height, rect.y + rect.height);
    last.x = std::min(last.x, rect.x);
    last.y = std::min(last.y, rect.y);
    last.width = right - last.x;
    last.height = bottom - last.y;
  }
  void clear() { count_ = 0; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] Packet packet() const {
    Packet out{kDamage, static_cast<std::int32_t>(count_)};
    for (const Rect& rect : std::span(rects_).first(count_)) {
      out.insert(out.end(), {rect.x, rect.y, rect.width, rect.height});
    }
    return out;
  }

 private:
  std::array<Rect, kMaxRects> rects_{};
  std::size_t count_ = 0;
};

// Where the pixels are in the file that Xvfb keeps its screen in: an X window dump (X11/XWDFile.h), whose header says
// the largest screen and is written with the most significant byte first.
struct Layout {
  int width = 0, height = 0;  // of the largest screen
  std::size_t stride = 0, offset = 0;
};
inline constexpr std::size_t kHeaderBytes = 100;

[[nodiscard]] inline std::optional<Layout> layout_of(std::span<const unsigned char> header) {
  if (header.size() < kHeaderBytes) return std::nullopt;
  const auto number = [header](std::size_t index) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | header[index * 4 + i];
    return value;
  };
  constexpr std::size_t kColourBytes = 12;
  constexpr std::size_t kMaxSide = 16384;
  const std::size_t width = number(4), height = number(5), bits = number(11), stride = number(12), colours = number(19);
  const bool sane = bits == 32 && width > 0 && width <= kMaxSide && height > 0 && height <= kMaxSide &&
                    stride >= width * 4 && colours <= 65536 && number(0) >= kHeaderBytes && number(0) <= 65536;
  if (!sane) return std::nullopt;
  return Layout{static_cast<int>(width), static_cast<int>(height), stride, number(0) + colours * kColourBytes};
}

// Whole pages of the file in which nothing of a screen of that size lies: [first, second), in order. Xvfb keeps room
// for the largest screen, and has once written to all of it.
[[nodiscard]] inline std::vector<std::pair<std::size_t, std::size_t>> outside(const Layout& layout, int width,
                                                                              int height) {
  constexpr std::size_t kPage = 4096;
  std::vector<std::pair<std::size_t, std::size_t>> holes;
  const auto add = [&holes](std::size_t from, std::size_t to) {
    from = (from + kPage - 1) / kPage * kPage;
    to = to / kPage * kPage;
    if (from < to) holes.emplace_back(from, to);
  };
  const auto rows = static_cast<std::size_t>(height);
  for (std::size_t row = 0; row + 1 < rows; ++row) {
    const std::size_t begin = layout.offset + row * layout.stride;
    add(begin + static_cast<std::size_t>(width) * 4, begin + layout.stride);
  }
  const std::size_t last = layout.offset + (rows - 1) * layout.stride + static_cast<std::size_t>(width) * 4;
  add(last, layout.offset + static_cast<std::size_t>(layout.height) * layout.stride);
  return holes;
}

// From X's colours, which are multiplied by their opacity already.
[[nodiscard]] inline std::int32_t straight(std::uint32_t argb) {
  const std::uint32_t alpha = argb >> 24U;
  if (alpha == 0) return 0;
  std::uint32_t out = alpha << 24U;
  for (const unsigned shift : {16U, 8U, 0U}) {
    const std::uint32_t colour = argb >> shift & 0xFFU;
    out |= std::min<std::uint32_t>(255, (colour * 255 + alpha / 2) / alpha) << shift;
  }
  return static_cast<std::int32_t>(out);
}

}  // namespace tobari::guest::picture
