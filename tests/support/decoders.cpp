// SPDX-License-Identifier: GPL-3.0-or-later
#include "decoders.h"

#include <cstring>
#include <format>
#include <map>
#include <memory>
#include <optional>

#include <freerdp/codec/clear.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/h264.h>
#include <freerdp/codec/planar.h>
#include <freerdp/codec/progressive.h>
#include <freerdp/codec/region.h>

#include <tobari/base/freed.h>

namespace tobari::display::testing {

namespace {

using Clear = std::unique_ptr<CLEAR_CONTEXT, Freed<clear_context_free>>;
using Planar = std::unique_ptr<BITMAP_PLANAR_CONTEXT, Freed<freerdp_bitmap_planar_context_free>>;
using Progressive = std::unique_ptr<PROGRESSIVE_CONTEXT, Freed<progressive_context_free>>;
using H264 = std::unique_ptr<H264_CONTEXT, Freed<h264_context_free>>;

UINT32 u32(int value) { return static_cast<UINT32>(value); }
UINT32 u32(std::size_t value) { return static_cast<UINT32>(value); }

}  // namespace

class ReferenceClient::Impl {
 public:
  explicit Impl(Size size) : clear_(clear_context_new(FALSE)) { resize(size); }

  void resize(Size size) {
    picture_ = Picture(size);
    lossy_.clear();
    planar_.reset(freerdp_bitmap_planar_context_new(0, u32(size.width), u32(size.height)));
    h264_.reset();
    video_place_.reset();
    progressive_.reset(progressive_context_new(FALSE));
    (void)progressive_create_surface_context(progressive_.get(), kSurface, u32(size.width), u32(size.height));
    (void)clear_context_reset(clear_.get());
  }

  bool show(const EncodedRect& rect) {
    if (intersect(rect.rect, bounds(picture_.size)) != rect.rect) return false;
    const Region lossy = lossy_;
    if (rect.codec != Codec::kAvc420 && rect.codec != Codec::kProgressive && rect.codec != Codec::kVideoSurface &&
        rect.codec != Codec::kStore)
      lossy_.subtract(rect.rect);
    switch (rect.codec) {
      case Codec::kUncompressed:
        return show_raw(rect);
      case Codec::kSolid:
        return show_solid(rect);
      case Codec::kClear:
        return show_clear(rect);
      case Codec::kPlanar:
        return show_planar(rect, false);
      case Codec::kProgressive:
        return show_progressive(rect);
      case Codec::kAvc420:
        return show_avc(rect);
      case Codec::kVideoSurface:
        return show_video_surface(rect);
      case Codec::kJpeg:
        break;  // for others
      case Codec::kCopy:
        return show_copy(rect, lossy);
      case Codec::kStore:
        return store(rect);
      case Codec::kRecall:
        return recall(rect);
    }
    return false;
  }

  bool show_planar(const EncodedRect& rect, bool bottom_up) {
    return freerdp_bitmap_decompress_planar(planar_.get(), source(rect), u32(rect.data.size()), u32(rect.rect.width),
                                            u32(rect.rect.height), target(), PIXEL_FORMAT_BGRX32, stride(),
                                            u32(rect.rect.x), u32(rect.rect.y), u32(rect.rect.width),
                                            u32(rect.rect.height), bottom_up ? TRUE : FALSE) == TRUE;
  }

  Picture picture_;
  Region lossy_;

 private:
  static const BYTE* source(const EncodedRect& rect) { return reinterpret_cast<const BYTE*>(rect.data.data()); }
  BYTE* target() { return reinterpret_cast<BYTE*>(picture_.pixels.data()); }
  UINT32 stride() const { return u32(picture_.size.width) * 4; }

  bool show_raw(const EncodedRect& rect) {
    if (rect.data.size() != static_cast<std::size_t>(rect.rect.area()) * 4) return false;
    const std::byte* from = rect.data.data();
    for (int y = rect.rect.y; y < rect.rect.bottom(); ++y) {
      for (int x = rect.rect.x; x < rect.rect.right(); ++x, from += 4) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, from, sizeof pixel);
        picture_.set(x, y, pixel);
      }
    }
    return true;
  }

  bool show_solid(const EncodedRect& rect) {
    std::uint32_t colour = 0;
    if (rect.data.size() != sizeof colour) return false;
    std::memcpy(&colour, rect.data.data(), sizeof colour);
    picture_.fill(rect.rect, colour);
    return true;
  }

  bool show_copy(const EncodedRect& rect, const Region& lossy) {
    const Rect from{rect.from.x, rect.from.y, rect.rect.width, rect.rect.height};
    if (intersect(from, bounds(picture_.size)) != from) return false;
    for (const Rect& old : lossy.rects()) {
      Rect arrived = intersect(old, from);
      arrived.x += rect.rect.x - from.x;
      arrived.y += rect.rect.y - from.y;
      lossy_.add(arrived);
    }
    return freerdp_image_copy(reinterpret_cast<BYTE*>(picture_.pixels.data()), PIXEL_FORMAT_BGRX32, stride(),
                              u32(rect.rect.x), u32(rect.rect.y), u32(rect.rect.width), u32(rect.rect.height),
                              reinterpret_cast<const BYTE*>(picture_.pixels.data()), PIXEL_FORMAT_BGRX32, stride(),
                              u32(from.x), u32(from.y), nullptr, FREERDP_FLIP_NONE) == TRUE;
  }

  // A slot that is in use must have been evicted, and nothing that is not exact may be kept.
  bool store(const EncodedRect& rect) {
    if (rect.slot == 0 || cache_.contains(rect.slot) != rect.replaces) return false;
    for (const Rect& lossy : lossy_.rects()) {
      if (!intersect(lossy, rect.rect).empty()) return false;
    }
    Picture tile({rect.rect.width, rect.rect.height});
    for (int y = 0; y < tile.size.height; ++y) {
      for (int x = 0; x < tile.size.width; ++x) tile.set(x, y, picture_.at(rect.rect.x + x, rect.rect.y + y));
    }
    cache_[rect.slot] = std::move(tile);
    return true;
  }

  bool recall(const EncodedRect& rect) {
    const auto tile = cache_.find(rect.slot);
    if (tile == cache_.end() || tile->second.size != Size{rect.rect.width, rect.rect.height}) return false;
    picture_.paste(tile->second, {rect.rect.x, rect.rect.y});
    return true;
  }

  bool show_clear(const EncodedRect& rect) {
    return clear_decompress(clear_.get(), source(rect), u32(rect.data.size()), u32(rect.rect.width),
                            u32(rect.rect.height), target(), PIXEL_FORMAT_BGRX32, stride(), u32(rect.rect.x),
                            u32(rect.rect.y), u32(picture_.size.width), u32(picture_.size.height), nullptr) == 0;
  }

  bool show_progressive(const EncodedRect& rect) {
    REGION16 painted;
    region16_init(&painted);
    const INT32 result =
        progressive_decompress(progressive_.get(), source(rect), u32(rect.data.size()), target(), PIXEL_FORMAT_BGRX32,
                               stride(), 0, 0, &painted, kSurface, ++progressive_frames_);
    // What the decoder painted is what the command says.
    Region left;
    for (const Rect& region : rect.regions) left.add(region);
    lossy_.add(left);
    UINT32 count = 0;
    const RECTANGLE_16* const rects = region16_rects(&painted, &count);
    bool inside = true;
    for (UINT32 i = 0; i < count; ++i) {
      const Rect part{rects[i].left, rects[i].top, rects[i].right - rects[i].left, rects[i].bottom - rects[i].top};
      const long before = left.area();
      left.subtract(part);
      inside = inside && before - left.area() == part.area();
    }
    region16_uninit(&painted);
    return result >= 0 && inside && left.empty();
  }

  bool show_video_surface(const EncodedRect& rect) {
    if (rect.replaces != video_place_.has_value()) return false;  // one is deleted that is there, and no other
    video_place_ = rect.rect;
    video_ = Picture({rect.rect.width, rect.rect.height});
    video_decoder_.reset();
    return true;
  }

  bool show_avc(const EncodedRect& rect) {
    for (const Rect& region : rect.regions) {
      if (intersect(region, bounds(picture_.size)) != region) return false;
      lossy_.add(region);
    }
    if (!rect.off_screen) return decode_avc(h264_, picture_, {}, rect);
    if (video_place_ != rect.rect || !decode_avc(video_decoder_, video_, rect.rect, rect)) return false;
    for (const Rect& region : rect.regions) {
      for (int y = region.y; y < region.bottom(); ++y) {
        for (int x = region.x; x < region.right(); ++x) {
          picture_.set(x, y, video_.at(x - rect.rect.x, y - rect.rect.y));
        }
      }
    }
    return true;
  }

  static bool decode_avc(H264& decoder, Picture& on, const Rect& origin, const EncodedRect& rect) {
    if (!decoder) {
      decoder.reset(h264_context_new(FALSE));
      if (!decoder || !h264_context_reset(decoder.get(), u32(on.size.width), u32(on.size.height))) return false;
    }
    std::vector<RECTANGLE_16> regions;
    for (const Rect& region : rect.regions) {
      const int x = region.x - origin.x;
      const int y = region.y - origin.y;
      regions.push_back({static_cast<UINT16>(x), static_cast<UINT16>(y), static_cast<UINT16>(x + region.width),
                         static_cast<UINT16>(y + region.height)});
    }
    return avc420_decompress(decoder.get(), source(rect), u32(rect.data.size()),
                             reinterpret_cast<BYTE*>(on.pixels.data()), PIXEL_FORMAT_BGRX32, u32(on.size.width) * 4,
                             u32(on.size.width), u32(on.size.height), regions.data(), u32(regions.size())) >= 0;
  }

  Clear clear_;
  Planar planar_;
  H264 h264_;
  std::optional<Rect> video_place_;  // of the off-screen surface
  Picture video_;
  H264 video_decoder_;
  static constexpr UINT16 kSurface = 1;
  Progressive progressive_;
  UINT32 progressive_frames_ = 0;
  std::map<std::uint16_t, Picture> cache_;  // the connection's: it outlives a resize
};

ReferenceClient::ReferenceClient(Size size) : impl_(std::make_unique<Impl>(size)) {}
ReferenceClient::~ReferenceClient() = default;

bool ReferenceClient::show(const EncodedRect& rect) { return impl_->show(rect); }

bool ReferenceClient::show(const EncodedFrame& frame) {
  for (const EncodedRect& rect : frame.rects) {
    if (!show(rect)) return false;
  }
  return true;
}

bool ReferenceClient::show_planar(const EncodedRect& rect, bool bottom_up) {
  return impl_->show_planar(rect, bottom_up);
}

void ReferenceClient::resize(Size size) { impl_->resize(size); }
const Picture& ReferenceClient::picture() const { return impl_->picture_; }
const Region& ReferenceClient::lossy() const { return impl_->lossy_; }

std::string ReferenceClient::difference(const Picture& from, const Region& except) const {
  if (from.size != picture().size) return "sizes differ";
  for (int y = 0; y < from.size.height; ++y) {
    for (int x = 0; x < from.size.width; ++x) {
      if (from.at(x, y) != picture().at(x, y) && !except.contains({x, y})) {
        return std::format("({}, {}): {:06x} instead of {:06x}", x, y, picture().at(x, y), from.at(x, y));
      }
    }
  }
  return {};
}

}  // namespace tobari::display::testing
