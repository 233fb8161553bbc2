// SPDX-License-Identifier: GPL-3.0-or-later
// A container's picture port: one packet. Properties: it is refused, or everything in it is within its bounds; damage
// that was cut to a surface lies inside of it.
#include <variant>

#include "capture/picture_port.h"
#include "input.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::require;

struct Check {
  void operator()(const picture::Surface& surface) const {
    require(surface.scanout.size.valid() && surface.largest.valid());
    require(surface.scanout.end() >= surface.scanout.offset);
  }
  void operator()(const picture::Damage& damage) const {
    require(!damage.rects.empty() && damage.rects.size() <= picture::kMaxDamageRects);
    const Size size{640, 480};
    for (const Rect& rect : damage.rects) {
      const Rect inside = clip_update(rect.x, rect.y, rect.width, rect.height, size);
      require(inside.empty() || intersect(inside, bounds(size)) == inside);
    }
  }
  void operator()(const CursorShape& shape) const {
    require(shape.size.width <= picture::kMaxPointerSide && shape.size.height <= picture::kMaxPointerSide);
    require(shape.argb.size() == static_cast<std::size_t>(shape.size.area()));
  }
  void operator()(const picture::PointerShown&) const {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto said = picture::parse(std::as_bytes(std::span(data, size)));
  if (said) std::visit(Check{}, *said);
  return 0;
}
