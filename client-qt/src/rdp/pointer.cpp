// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/pointer.h"

#include <memory>

#include <freerdp/codec/color.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/graphics.h>

#include <tobari/base/no_throw.h>

namespace tobari::client {
namespace {

constexpr UINT32 kMaxSide = 384;  // MS-RDPBCGR 2.2.9.1.2.1.11, large pointers

// FreeRDP allocates this, zeroed, and frees it after Free.
struct CachedPointer {
  rdpPointer base;
  PointerShape* shape;
};

CachedPointer* cached(rdpPointer* pointer) { return reinterpret_cast<CachedPointer*>(pointer); }

BOOL make_shape(rdpContext* context, rdpPointer* pointer) {
  if (pointer->width == 0 || pointer->height == 0 || pointer->width > kMaxSide || pointer->height > kMaxSide) {
    return FALSE;
  }
  QImage image(static_cast<int>(pointer->width), static_cast<int>(pointer->height), QImage::Format_ARGB32);
  image.fill(Qt::transparent);
  const BOOL copied = freerdp_image_copy_from_pointer_data(
      image.bits(), PIXEL_FORMAT_BGRA32, static_cast<UINT32>(image.bytesPerLine()), 0, 0, pointer->width,
      pointer->height, pointer->xorMaskData, pointer->lengthXorMask, pointer->andMaskData, pointer->lengthAndMask,
      pointer->xorBpp, &context->gdi->palette);
  if (!copied) return FALSE;
  const QPoint hot_spot(static_cast<int>(std::min(pointer->xPos, pointer->width - 1)),
                        static_cast<int>(std::min(pointer->yPos, pointer->height - 1)));
  auto shape = std::make_unique<PointerShape>(PointerShape{.image = image, .hot_spot = hot_spot, .hidden = false});
  cached(pointer)->shape = shape.release();
  return TRUE;
}

BOOL on_new(rdpContext* context, rdpPointer* pointer) {
  return no_throw("pointer", [=] { return make_shape(context, pointer); });
}

void on_free(rdpContext* /*context*/, rdpPointer* pointer) {
  delete cached(pointer)->shape;
  cached(pointer)->shape = nullptr;
}

BOOL on_set(rdpContext* context, rdpPointer* pointer) {
  if (cached(pointer)->shape == nullptr) return FALSE;
  no_throw("pointer", [=] { state_of(context).events.on_pointer(*cached(pointer)->shape); });
  return TRUE;
}

BOOL on_hide(rdpContext* context) {
  no_throw("pointer",
           [=] { state_of(context).events.on_pointer(PointerShape{.image = {}, .hot_spot = {}, .hidden = true}); });
  return TRUE;
}

BOOL on_default(rdpContext* context) {
  no_throw("pointer", [=] { state_of(context).events.on_pointer(PointerShape()); });
  return TRUE;
}

// A server may move the pointer; a person's hand does not follow.
BOOL on_position(rdpContext* /*context*/, UINT32 /*x*/, UINT32 /*y*/) { return TRUE; }

}  // namespace

void register_pointer(rdpContext* context) {
  rdpPointer prototype{};
  prototype.size = sizeof(CachedPointer);
  prototype.New = on_new;
  prototype.Free = on_free;
  prototype.Set = on_set;
  prototype.SetNull = on_hide;
  prototype.SetDefault = on_default;
  prototype.SetPosition = on_position;
  graphics_register_pointer(context->graphics, &prototype);
}

}  // namespace tobari::client
