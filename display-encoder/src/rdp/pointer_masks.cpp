// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/pointer_masks.h"

#include <algorithm>
#include <xxhash.h>

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

PointerCache::Hash PointerCache::hash(const CursorShape& shape) {
  // The rest of what makes a shape, in the seed.
  const auto word = [](int v) { return static_cast<std::uint64_t>(static_cast<std::uint16_t>(v)); };
  const std::uint64_t seed = word(shape.size.width) | word(shape.size.height) << 16 | word(shape.hotspot.x) << 32 |
                             word(shape.hotspot.y) << 48;
  const XXH128_hash_t h = XXH3_128bits_withSeed(shape.argb.data(), shape.argb.size() * sizeof(std::uint32_t), seed);
  return {h.low64, h.high64};
}

PointerCache::Place PointerCache::place(const CursorShape& shape) {
  const Hash wanted = hash(shape);
  const auto found = std::ranges::find(entries_, wanted, &Entry::hash);
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return {entries_.front().slot, true};
  }
  if (entries_.size() < slots_) {
    entries_.push_front({static_cast<std::uint16_t>(entries_.size()), wanted});
  } else {
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
    entries_.front().hash = wanted;
  }
  return {entries_.front().slot, false};
}

}  // namespace tobari::display
