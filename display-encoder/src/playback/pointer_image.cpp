// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/pointer_image.h"

#include <cstdint>

#include "rdp/wire.h"

namespace tobari::display::playback {
namespace {

// An arrow of our own, where the client has its own: how much of each row is white, with a black edge around it.
CursorShape arrow() {
  constexpr int kRows = 16;
  CursorShape shape{{kRows / 2 + 2, kRows + 1}, {0, 0}, {}};
  shape.argb.resize(static_cast<std::size_t>(shape.size.area()));
  for (int y = 0; y <= kRows; ++y) {
    const int length = y < kRows - 4 ? y / 2 + 1 + y / 6 : kRows - y;
    for (int x = 0; x <= length && x < shape.size.width; ++x) {
      const bool edge = x == 0 || x >= length || y == 0 || y == kRows;
      shape.argb[static_cast<std::size_t>(y * shape.size.width + x)] = edge ? 0xFF000000U : 0xFFFFFFFFU;
    }
  }
  return shape;
}

std::uint32_t blend(std::uint32_t under, std::uint32_t argb) {
  const std::uint32_t alpha = argb >> 24;
  std::uint32_t mixed = 0;
  for (unsigned shift = 0; shift < 24; shift += 8) {
    const std::uint32_t a = argb >> shift & 0xFFU;
    const std::uint32_t b = under >> shift & 0xFFU;
    mixed |= (a * alpha + b * (255 - alpha)) / 255 << shift;
  }
  return mixed;
}

}  // namespace

Result<std::optional<CursorShape>> parse_pointer(std::span<const std::byte> data) {
  if (data.empty()) return std::optional<CursorShape>();
  WireReader in(data);
  CursorShape shape;
  shape.size.width = in.u16();
  shape.size.height = in.u16();
  shape.hotspot.x = in.u16();
  shape.hotspot.y = in.u16();
  const bool possible = in.ok() && shape.size.width > 0 && shape.size.width <= kMaxCursorSide &&
                        shape.size.height > 0 && shape.size.height <= kMaxCursorSide;
  if (!possible || in.remaining() != static_cast<std::size_t>(shape.size.area()) * 4) {
    return fail(Errc::kPeerProtocol, "a malformed pointer");
  }
  for (long i = 0; i < shape.size.area(); ++i) shape.argb.push_back(in.u32());
  return std::optional(std::move(shape));
}

void draw_pointer(const std::optional<CursorShape>& shape, Point at, Canvas& onto) {
  static const CursorShape own = arrow();
  const CursorShape& drawn = shape ? *shape : own;
  const Rect place{at.x - drawn.hotspot.x, at.y - drawn.hotspot.y, drawn.size.width, drawn.size.height};
  const Rect seen = intersect(place, bounds(onto.size));
  for (int y = seen.y; y < seen.bottom(); ++y) {
    for (int x = seen.x; x < seen.right(); ++x) {
      const auto from = static_cast<std::size_t>((y - place.y) * place.width + x - place.x);
      std::uint32_t& pixel = onto.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(onto.size.width) +
                                         static_cast<std::size_t>(x)];
      pixel = blend(pixel, drawn.argb[from]);
    }
  }
}

}  // namespace tobari::display::playback
