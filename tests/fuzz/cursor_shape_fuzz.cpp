// SPDX-License-Identifier: GPL-3.0-or-later
// Pointers of a desktop on their way to a client: straight alpha, cut to what the client shows, its cache, and the
// masks of the pointer update. The input is a program of shapes. Properties: sizes agree; a slot that is called known
// holds that very shape.
#include <map>
#include <optional>

#include "capture/cursor_alpha.h"
#include "input.h"
#include "rdp/pointer_masks.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::Input;
using tobari::fuzz::require;

CursorShape shape_from(Input& in) {
  CursorShape shape;
  shape.size = {1 + in.u16() % kMaxCursorSide, 1 + in.u16() % kMaxCursorSide};
  shape.hotspot = {in.u16() % shape.size.width, in.u16() % shape.size.height};
  const std::size_t pattern = in.u8() % 16U;
  std::vector<std::uint32_t> colours{in.u32()};
  for (std::size_t i = 1; i < pattern; ++i) colours.push_back(in.u32());
  shape.argb.resize(static_cast<std::size_t>(shape.size.area()));
  for (std::size_t i = 0; i < shape.argb.size(); ++i) shape.argb[i] = colours[i % colours.size()];
  return shape;
}

void make_straight(CursorShape& shape) {
  const auto before = shape.argb;
  if (!looks_premultiplied(shape.argb)) return;
  unpremultiply(shape.argb);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::uint32_t alpha = before[i] >> 24;
    require(alpha == 0 ? shape.argb[i] == 0 : shape.argb[i] >> 24 == alpha);
    if (alpha == 255) require(shape.argb[i] == before[i]);
  }
}

void require_cut(const CursorShape& whole, const CursorShape& cut, int side) {
  require(cut.size.valid() && cut.size.width <= side && cut.size.height <= side);
  require(cut.argb.size() == static_cast<std::size_t>(cut.size.area()));
  require(cut.hotspot.x >= 0 && cut.hotspot.x < cut.size.width);
  require(cut.hotspot.y >= 0 && cut.hotspot.y < cut.size.height);
  const auto last = [](const CursorShape& of, Size at) {
    return of.argb[static_cast<std::size_t>((at.height - 1) * of.size.width + at.width - 1)];
  };
  require(last(cut, cut.size) == last(whole, cut.size));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  constexpr int kSides[]{32, kMaxNewPointerSide, kMaxCursorSide};
  const int side = kSides[in.u8() % 3U];
  const std::size_t slots = 1 + in.u8() % 100U;
  PointerCache cache(slots);
  std::map<std::uint16_t, CursorShape> client;
  for (int shapes = 0; !in.done() && shapes < 64; ++shapes) {
    CursorShape whole = shape_from(in);
    make_straight(whole);
    const CursorShape cut = cropped(whole, side);
    require_cut(whole, cut, side);
    const auto [slot, known] = cache.place(cut);
    require(slot < slots);
    if (known) {
      require(client.at(slot) == cut);
      continue;
    }
    client[slot] = cut;
    const PointerMasks masks = pointer_masks(cut);
    require(masks.xor_mask.size() == cut.argb.size() * kBytesPerPixel);
    require(masks.and_mask.size() == static_cast<std::size_t>((cut.size.width + 15) / 16 * 2 * cut.size.height));
  }
  return 0;
}
