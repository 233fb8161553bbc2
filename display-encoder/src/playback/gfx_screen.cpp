// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/gfx_screen.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include <freerdp/codec/clear.h>
#include <freerdp/codec/color.h>
#include <freerdp/codec/h264.h>
#include <freerdp/codec/planar.h>
#include <freerdp/codec/progressive.h>
#include <freerdp/codec/region.h>

#include <tobari/base/freed.h>
#include <tobari/display/encoder.h>

#include "playback/gfx_commands.h"

namespace tobari::display::playback {
namespace {

using Clear = std::unique_ptr<CLEAR_CONTEXT, Freed<clear_context_free>>;
using Planar = std::unique_ptr<BITMAP_PLANAR_CONTEXT, Freed<freerdp_bitmap_planar_context_free>>;
using Progressive = std::unique_ptr<PROGRESSIVE_CONTEXT, Freed<progressive_context_free>>;
using H264 = std::unique_ptr<H264_CONTEXT, Freed<h264_context_free>>;

constexpr int kMaxTileSide = 64;
constexpr UINT16 kProgressiveSurface = 1;  // each surface has a decoder of its own
constexpr std::uint32_t kColour = 0xFFFFFF;

UINT32 u32(int value) { return static_cast<UINT32>(value); }
UINT32 u32(std::size_t value) { return static_cast<UINT32>(value); }

struct Surface {
  Canvas canvas;
  std::optional<Point> mapped;
  Planar planar;
  Progressive progressive;
  H264 h264;
  UINT32 progressive_frames = 0;

  [[nodiscard]] bool holds(const Rect& rect) const noexcept { return intersect(rect, bounds(canvas.size)) == rect; }
  [[nodiscard]] BYTE* target() noexcept { return reinterpret_cast<BYTE*>(canvas.pixels.data()); }
  [[nodiscard]] UINT32 stride() const noexcept { return u32(canvas.size.width) * 4; }
  [[nodiscard]] std::uint32_t* row(int x, int y) noexcept {
    return canvas.pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(canvas.size.width) +
           static_cast<std::size_t>(x);
  }
};

Canvas cut(Surface& from, const Rect& rect) {
  Canvas part{{rect.width, rect.height}, {}};
  part.pixels.reserve(static_cast<std::size_t>(rect.area()));
  for (int y = rect.y; y < rect.bottom(); ++y) {
    part.pixels.insert(part.pixels.end(), from.row(rect.x, y), from.row(rect.x, y) + rect.width);
  }
  return part;
}

void paste(const Canvas& what, Point at, Surface& onto) {
  const auto width = static_cast<std::size_t>(what.size.width);
  for (int y = 0; y < what.size.height; ++y) {
    std::memcpy(onto.row(at.x, at.y + y), what.pixels.data() + static_cast<std::size_t>(y) * width,
                width * sizeof(std::uint32_t));
  }
}

std::unexpected<Error> refused(const char* what) { return fail(Errc::kPeerProtocol, what); }

const BYTE* source(std::span<const std::byte> data) { return reinterpret_cast<const BYTE*>(data.data()); }

bool decode_clear(CLEAR_CONTEXT* clear, Surface& onto, const Bitmap& bitmap) {
  return clear_decompress(clear, source(bitmap.data), u32(bitmap.data.size()), u32(bitmap.place.width),
                          u32(bitmap.place.height), onto.target(), PIXEL_FORMAT_BGRX32, onto.stride(),
                          u32(bitmap.place.x), u32(bitmap.place.y), u32(onto.canvas.size.width),
                          u32(onto.canvas.size.height), nullptr) == 0;
}

bool decode_planar(Surface& onto, const Bitmap& bitmap) {
  const Rect& place = bitmap.place;
  if (!onto.planar) {
    onto.planar.reset(freerdp_bitmap_planar_context_new(0, u32(onto.canvas.size.width), u32(onto.canvas.size.height)));
  }
  return onto.planar && freerdp_bitmap_decompress_planar(
                            onto.planar.get(), source(bitmap.data), u32(bitmap.data.size()), u32(place.width),
                            u32(place.height), onto.target(), PIXEL_FORMAT_BGRX32, onto.stride(), u32(place.x),
                            u32(place.y), u32(place.width), u32(place.height), FALSE) == TRUE;
}

bool show_plain(Surface& onto, const Bitmap& bitmap) {
  const Rect& place = bitmap.place;
  const std::size_t row = static_cast<std::size_t>(place.width) * 4;
  if (bitmap.data.size() != row * static_cast<std::size_t>(place.height)) return false;
  for (int y = 0; y < place.height; ++y) {
    std::memcpy(onto.row(place.x, place.y + y), bitmap.data.data() + static_cast<std::size_t>(y) * row, row);
  }
  return true;
}

bool decode_avc(Surface& onto, const Bitmap& bitmap) {
  if (!onto.h264) {
    onto.h264.reset(h264_context_new(FALSE));
    if (!onto.h264 || !h264_context_reset(onto.h264.get(), u32(onto.canvas.size.width), u32(onto.canvas.size.height)))
      return false;
  }
  std::vector<RECTANGLE_16> regions;
  for (const Rect& region : bitmap.regions) {
    if (!onto.holds(region)) return false;
    regions.push_back({static_cast<UINT16>(region.x), static_cast<UINT16>(region.y),
                       static_cast<UINT16>(region.right()), static_cast<UINT16>(region.bottom())});
  }
  return avc420_decompress(onto.h264.get(), source(bitmap.data), u32(bitmap.data.size()), onto.target(),
                           PIXEL_FORMAT_BGRX32, onto.stride(), u32(onto.canvas.size.width),
                           u32(onto.canvas.size.height), regions.data(), u32(regions.size())) >= 0;
}

bool decode_progressive(Surface& onto, std::span<const std::byte> data) {
  if (!onto.progressive) {
    onto.progressive.reset(progressive_context_new(FALSE));
    if (!onto.progressive ||
        progressive_create_surface_context(onto.progressive.get(), kProgressiveSurface, u32(onto.canvas.size.width),
                                           u32(onto.canvas.size.height)) < 0)
      return false;
  }
  REGION16 painted;
  region16_init(&painted);
  const INT32 result =
      progressive_decompress(onto.progressive.get(), source(data), u32(data.size()), onto.target(), PIXEL_FORMAT_BGRX32,
                             onto.stride(), 0, 0, &painted, kProgressiveSurface, ++onto.progressive_frames);
  region16_uninit(&painted);
  return result >= 0;
}

}  // namespace

class GfxScreen::Impl {
 public:
  explicit Impl(long max_pixels) : max_pixels_(max_pixels) { reset(); }

  void reset() {
    clear_.reset(clear_context_new(FALSE));
    surfaces_.clear();
    tiles_.clear();
    pixels_ = 0;
  }

  Result<void> carry_out(GfxCommand& command) {
    return std::visit([this](auto& one) { return on(one); }, command);
  }

  Size desktop_;
  std::map<std::uint16_t, Surface> surfaces_;

 private:
  [[nodiscard]] Surface* find(std::uint16_t id) {
    const auto found = surfaces_.find(id);
    return found == surfaces_.end() ? nullptr : &found->second;
  }

  Result<void> on(const ResetGraphics& command) {
    if (!command.size.valid() || command.size.area() > max_pixels_) return refused("a desktop of an impossible size");
    desktop_ = command.size;
    return {};
  }

  Result<void> on(const CreateSurface& command) {
    static_cast<void>(on(DeleteSurface{command.id}));
    if (!command.size.valid() || surfaces_.size() >= kMaxSurfaces || pixels_ + command.size.area() > max_pixels_) {
      return refused("too many surfaces, or one of an impossible size");
    }
    Surface& made = surfaces_[command.id];
    made.canvas = {command.size, std::vector<std::uint32_t>(static_cast<std::size_t>(command.size.area()))};
    pixels_ += command.size.area();
    return {};
  }

  // One that is not there was made before a place where a reader may begin.
  Result<void> on(const DeleteSurface& command) {
    if (const Surface* surface = find(command.id)) pixels_ -= surface->canvas.size.area();
    surfaces_.erase(command.id);
    return {};
  }

  Result<void> on(const MapSurface& command) {
    Surface* const surface = find(command.id);
    if (surface == nullptr) return refused("a surface that is not there is mapped");
    surface->mapped = command.at;
    return {};
  }

  Result<void> on(const SolidFill& command) {
    Surface* const surface = find(command.id);
    for (const Rect& place : command.places) {
      if (surface == nullptr || !surface->holds(place)) return refused("a fill outside its surface");
      for (int y = place.y; y < place.bottom(); ++y) std::fill_n(surface->row(place.x, y), place.width, command.colour);
    }
    return {};
  }

  Result<void> on(const CopySurface& command) {
    Surface* const from = find(command.from);
    Surface* const to = find(command.to);
    if (from == nullptr || to == nullptr || !from->holds(command.what)) return refused("a copy from nowhere");
    const Canvas part = cut(*from, command.what);
    for (const Point& place : command.places) {
      if (!to->holds({place.x, place.y, part.size.width, part.size.height})) return refused("a copy to nowhere");
      paste(part, place, *to);
    }
    return {};
  }

  Result<void> on(const StoreTile& command) {
    Surface* const surface = find(command.id);
    if (surface == nullptr || !surface->holds(command.what) || command.what.width > kMaxTileSide ||
        command.what.height > kMaxTileSide || (tiles_.size() >= kMaxTiles && !tiles_.contains(command.slot))) {
      return refused("a tile that cannot be kept");
    }
    tiles_[command.slot] = cut(*surface, command.what);
    return {};
  }

  Result<void> on(const RecallTile& command) {
    Surface* const surface = find(command.id);
    const auto tile = tiles_.find(command.slot);
    if (surface == nullptr || tile == tiles_.end()) return refused("a tile that is not there");
    const Canvas& kept = tile->second;
    for (const Point& place : command.places) {
      if (!surface->holds({place.x, place.y, kept.size.width, kept.size.height}))
        return refused("a tile off its surface");
      paste(kept, place, *surface);
    }
    return {};
  }

  Result<void> on(const EvictTile& command) {
    tiles_.erase(command.slot);
    return {};
  }

  Result<void> on(const Bitmap& command) {
    Surface* const surface = find(command.id);
    if (surface == nullptr || !surface->holds(command.place)) return refused("a bitmap off its surface");
    bool shown = false;
    switch (static_cast<Codec>(command.codec)) {
      case Codec::kUncompressed:
        shown = show_plain(*surface, command);
        break;
      case Codec::kClear:
        shown = decode_clear(clear_.get(), *surface, command);
        break;
      case Codec::kPlanar:
        shown = decode_planar(*surface, command);
        break;
      case Codec::kAvc420:
        shown = decode_avc(*surface, command);
        break;
      default:
        break;
    }
    if (!shown) return refused("a bitmap that cannot be decoded");
    return {};
  }

  Result<void> on(const ProgressiveBitmap& command) {
    Surface* const surface = find(command.id);
    if (surface == nullptr || !decode_progressive(*surface, command.data)) {
      return refused("a progressive bitmap that cannot be decoded");
    }
    return {};
  }

  Result<void> on(const FrameMark& /*mark*/) { return {}; }

  const long max_pixels_;
  Clear clear_;
  std::map<std::uint16_t, Canvas> tiles_;
  long pixels_ = 0;  // of all surfaces
};

GfxScreen::GfxScreen(long max_pixels) : impl_(std::make_unique<Impl>(max_pixels)) {}
GfxScreen::~GfxScreen() = default;
void GfxScreen::reset() { impl_->reset(); }
Size GfxScreen::size() const noexcept { return impl_->desktop_; }

Result<void> GfxScreen::show(std::span<const std::byte> messages) {
  GfxCommands commands(messages);
  for (;;) {
    TOBARI_ASSIGN(auto command, commands.next());
    if (!command) return {};
    TOBARI_TRY(impl_->carry_out(*command));
  }
}

void GfxScreen::compose(Canvas& onto) const {
  onto.size = impl_->desktop_;
  onto.pixels.assign(static_cast<std::size_t>(onto.size.area()), 0);
  for (auto& [id, surface] : impl_->surfaces_) {
    if (!surface.mapped) continue;
    const Point at = *surface.mapped;
    const Rect shown =
        intersect({at.x, at.y, surface.canvas.size.width, surface.canvas.size.height}, bounds(onto.size));
    for (int y = shown.y; y < shown.bottom(); ++y) {
      const std::uint32_t* const from = surface.row(shown.x - at.x, y - at.y);
      std::uint32_t* const to = onto.pixels.data() +
                                static_cast<std::size_t>(y) * static_cast<std::size_t>(onto.size.width) +
                                static_cast<std::size_t>(shown.x);
      std::transform(from, from + shown.width, to, [](std::uint32_t pixel) { return pixel & kColour; });
    }
  }
}

}  // namespace tobari::display::playback
