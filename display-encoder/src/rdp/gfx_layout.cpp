// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/gfx_layout.h"

#include <tobari/display/region.h>

namespace tobari::display::gfx {
namespace {

// For as long as it takes to paint; the layout's own are numbered from 0.
constexpr std::uint16_t kBackgroundSurface = 0xFFFE;

std::uint16_t id_of(std::size_t surface) { return static_cast<std::uint16_t>(surface); }

void paint_black(const Rect& area, Bytes& out) {
  const Size size{area.width, area.height};
  create_surface(kBackgroundSurface, size, out);
  map_surface(kBackgroundSurface, {area.x, area.y}, out);
  EncodedFrame black;
  black.rects.push_back({.codec = Codec::kSolid, .rect = bounds(size), .data = Bytes(kBytesPerPixel), .regions = {}});
  frame(kBackgroundSurface, kBackgroundFrame, black, out);
  delete_surface(kBackgroundSurface, out);
}

}  // namespace

void lay_out(const OutputLayout& layout, std::size_t former, Bytes& out) {
  for (std::size_t i = 0; i < former; ++i) delete_surface(id_of(i), out);
  reset_graphics(layout.monitors, out);
  Region background(bounds(layout.monitors.size()));
  for (const Rect& place : layout.surfaces) background.subtract(place);
  for (const Rect& area : background.rects()) paint_black(area, out);
  for (std::size_t i = 0; i < layout.surfaces.size(); ++i) {
    const Rect& place = layout.surfaces[i];
    create_surface(id_of(i), {place.width, place.height}, out);
    map_surface(id_of(i), {place.x, place.y}, out);
  }
}

}  // namespace tobari::display::gfx
