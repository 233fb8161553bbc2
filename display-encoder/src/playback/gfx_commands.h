// SPDX-License-Identifier: GPL-3.0-or-later
// What a server says on the graphics pipeline (MS-RDPEGFX 2.2.2), as far as Tobari says it: the other side of
// rdp/gfx_pdu.h. No state, no I/O; recordings may come from a display process that a hostile client had taken over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/geometry.h>

namespace tobari::display::playback {

struct ResetGraphics {
  Size size;  // of the desktop
};
struct CreateSurface {
  std::uint16_t id = 0;
  Size size;
};
struct DeleteSurface {
  std::uint16_t id = 0;
};
struct MapSurface {
  std::uint16_t id = 0;
  Point at;
};
struct SolidFill {
  std::uint16_t id = 0;
  std::uint32_t colour = 0;  // 0x00RRGGBB
  std::vector<Rect> places;
};
struct CopySurface {
  std::uint16_t from = 0;
  std::uint16_t to = 0;
  Rect what;
  std::vector<Point> places;
};
struct StoreTile {
  std::uint16_t id = 0;
  std::uint16_t slot = 0;
  Rect what;
};
struct RecallTile {
  std::uint16_t id = 0;
  std::uint16_t slot = 0;
  std::vector<Point> places;
};
struct EvictTile {
  std::uint16_t slot = 0;
};
struct Bitmap {  // WIRE_TO_SURFACE_1
  std::uint16_t id = 0;
  std::uint16_t codec = 0;
  Rect place;
  std::vector<Rect> regions;  // of the AVC420 metablock
  std::span<const std::byte> data;
};
struct ProgressiveBitmap {  // WIRE_TO_SURFACE_2
  std::uint16_t id = 0;
  std::span<const std::byte> data;
};
struct FrameMark {};  // begins or ends one

using GfxCommand = std::variant<ResetGraphics, CreateSurface, DeleteSurface, MapSurface, SolidFill, CopySurface,
                                StoreTile, RecallTile, EvictTile, Bitmap, ProgressiveBitmap, FrameMark>;

// Rectangles are not empty and lie within 0 and 65535; whether they lie on their surface is to be checked.
class GfxCommands {
 public:
  explicit GfxCommands(std::span<const std::byte> messages) noexcept : left_(messages) {}
  // The next one; none: that was all. kPeerProtocol: malformed. What it points to is in the messages.
  [[nodiscard]] Result<std::optional<GfxCommand>> next();

 private:
  std::span<const std::byte> left_;
};

}  // namespace tobari::display::playback
