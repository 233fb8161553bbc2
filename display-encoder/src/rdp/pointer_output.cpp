// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/pointer_output.h"

#include <algorithm>

#include <freerdp/pointer.h>
#include <freerdp/settings.h>
#include <freerdp/update.h>

namespace tobari::display {
namespace {

constexpr std::size_t kMaxSlots = 100;
constexpr int kPlainPointerSide = 32;  // what a client without large pointers shows

int largest_side(const rdpSettings* settings) {
  const UINT32 flags = freerdp_settings_get_uint32(settings, FreeRDP_LargePointerFlag);
  if ((flags & LARGE_POINTER_FLAG_384x384) != 0) return kMaxCursorSide;
  return (flags & LARGE_POINTER_FLAG_96x96) != 0 ? kMaxNewPointerSide : kPlainPointerSide;
}

template <class Update>
void fill(Update& update, const CursorShape& shape, std::uint16_t slot, PointerMasks& masks) {
  update.cacheIndex = slot;
  update.hotSpotX = static_cast<UINT16>(std::clamp(shape.hotspot.x, 0, shape.size.width - 1));
  update.hotSpotY = static_cast<UINT16>(std::clamp(shape.hotspot.y, 0, shape.size.height - 1));
  update.width = static_cast<UINT16>(shape.size.width);
  update.height = static_cast<UINT16>(shape.size.height);
  update.lengthXorMask = static_cast<decltype(update.lengthXorMask)>(masks.xor_mask.size());
  update.lengthAndMask = static_cast<decltype(update.lengthAndMask)>(masks.and_mask.size());
  update.xorMaskData = reinterpret_cast<BYTE*>(masks.xor_mask.data());
  update.andMaskData = reinterpret_cast<BYTE*>(masks.and_mask.data());
}

}  // namespace

void PointerOutput::begin(rdpContext* context) {
  const std::size_t slots = freerdp_settings_get_uint32(context->settings, FreeRDP_PointerCacheSize);
  cache_.emplace(std::clamp<std::size_t>(slots, 1, kMaxSlots));
  largest_side_ = largest_side(context->settings);
  show(context);
}

void PointerOutput::set_shape(rdpContext* context, const std::optional<CursorShape>& shape) {
  if (shape && (shape->size.width > kMaxCursorSide || shape->size.height > kMaxCursorSide || !shape->size.valid())) {
    return;
  }
  shape_ = shape;
  if (visible_) show(context);
}

void PointerOutput::set_visible(rdpContext* context, bool visible) {
  if (visible == visible_) return;
  visible_ = visible;
  show(context);
}

void PointerOutput::show(rdpContext* context) {
  if (!cache_) return;
  if (visible_ && shape_) return send_shape(context, cropped(*shape_, largest_side_));
  const POINTER_SYSTEM_UPDATE system{visible_ ? static_cast<UINT32>(SYSPTR_DEFAULT) : static_cast<UINT32>(SYSPTR_NULL)};
  static_cast<void>(context->update->pointer->PointerSystem(context, &system));
}

void PointerOutput::send_shape(rdpContext* context, const CursorShape& shape) {
  rdpPointerUpdate* pointer = context->update->pointer;
  const auto [slot, known] = cache_->place(shape);
  if (known) {
    const POINTER_CACHED_UPDATE cached{slot};
    static_cast<void>(pointer->PointerCached(context, &cached));
    return;
  }
  PointerMasks masks = pointer_masks(shape);
  if (shape.size.width <= kMaxNewPointerSide && shape.size.height <= kMaxNewPointerSide) {
    POINTER_NEW_UPDATE update{};
    update.xorBpp = 32;
    fill(update.colorPtrAttr, shape, slot, masks);
    static_cast<void>(pointer->PointerNew(context, &update));
  } else {
    POINTER_LARGE_UPDATE update{};
    update.xorBpp = 32;
    fill(update, shape, slot, masks);
    static_cast<void>(pointer->PointerLarge(context, &update));
  }
}

}  // namespace tobari::display
