// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/pointer_masks.h"

#include <algorithm>

#include "rdp/wire.h"

namespace tobari::display {

PointerMasks pointer_masks(const CursorShape& shape) {
  PointerMasks masks;
  const auto width = static_cast<std::size_t>(shape.size.width);
  const auto height = static_cast<std::size_t>(shape.size.height);
  masks.xor_mask.reserve(width * height * kBytesPerPixel);
  WireWriter out(masks.xor_mask);
  for (std::size_t y = height; y-- > 0;) {
    for (std::size_t x = 0; x < width; ++x) out.u32(shape.argb[y * width + x]);
  }
  masks.and_mask.resize((width + 15) / 16 * 2 * height);  // rows of whole 16-bit words
  return masks;
}

CursorShape cropped(const CursorShape& shape, int side) {
  if (shape.size.width <= side && shape.size.height <= side) return shape;
  CursorShape out;
  out.size = {std::min(shape.size.width, side), std::min(shape.size.height, side)};
  out.hotspot = {std::clamp(shape.hotspot.x, 0, out.size.width - 1),
                 std::clamp(shape.hotspot.y, 0, out.size.height - 1)};
  out.argb.reserve(static_cast<std::size_t>(out.size.area()));
  for (int y = 0; y < out.size.height; ++y) {
    const auto row = shape.argb.begin() + std::ptrdiff_t{y} * shape.size.width;
    out.argb.insert(out.argb.end(), row, row + out.size.width);
  }
  return out;
}

PointerCache::Place PointerCache::place(const CursorShape& shape) {
  const auto found = std::ranges::find(entries_, shape, &Entry::shape);
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return {entries_.front().slot, true};
  }
  if (entries_.size() < slots_) {
    entries_.push_front({static_cast<std::uint16_t>(entries_.size()), shape});
  } else {
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
    entries_.front().shape = shape;
  }
  return {entries_.front().slot, false};
}

}  // namespace tobari::display
