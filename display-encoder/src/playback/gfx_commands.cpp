// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/gfx_commands.h"

#include <utility>

#include <tobari/display/encoder.h>

#include "rdp/gfx_command.h"
#include "rdp/wire.h"

namespace tobari::display::playback {
namespace {

using namespace gfx;  // the numbers of the messages

// More of them are not in one message of ours: a region has at most 256 rectangles.
constexpr std::size_t kMaxPlaces = 4096;

std::unexpected<Error> malformed() { return fail(Errc::kPeerProtocol, "a malformed graphics message"); }

// 2.2.1.2 RDPGFX_RECT16; empty when it is none.
Rect rect(WireReader& in) {
  const int left = in.u16();
  const int top = in.u16();
  const int right = in.u16();
  const int bottom = in.u16();
  if (right <= left || bottom <= top) return {};
  return {left, top, right - left, bottom - top};
}

Point point(WireReader& in) {
  const int x = in.u16();
  const int y = in.u16();
  return {x, y};
}

Result<std::vector<Rect>> rects(WireReader& in, std::size_t count) {
  if (count > kMaxPlaces) return malformed();
  std::vector<Rect> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(rect(in));
    if (!in.ok() || all.back().empty()) return malformed();
  }
  return all;
}

Result<std::vector<Point>> points(WireReader& in) {
  const std::size_t count = in.u16();
  if (count > kMaxPlaces) return malformed();
  std::vector<Point> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(point(in));
  if (!in.ok()) return malformed();
  return all;
}

Result<GfxCommand> bitmap(WireReader& in) {
  Bitmap command;
  command.id = in.u16();
  command.codec = in.u16();
  in.skip(1);
  command.place = rect(in);
  const std::size_t size = in.u32();
  command.data = in.bytes(size);
  if (!in.ok() || command.place.empty()) return malformed();
  if (command.codec != std::to_underlying(Codec::kAvc420)) return command;
  WireReader stream(command.data);  // 2.2.4.4 RFX_AVC420_BITMAP_STREAM
  const std::size_t count = stream.u32();
  TOBARI_ASSIGN(command.regions, rects(stream, count));
  stream.skip(2 * count);
  if (!stream.ok()) return malformed();
  command.data = stream.bytes(stream.remaining());
  return command;
}

Result<GfxCommand> fill(WireReader& in) {
  SolidFill command;
  command.id = in.u16();
  command.colour = in.u32() & 0xFFFFFFU;
  TOBARI_ASSIGN(command.places, rects(in, in.u16()));
  return command;
}

Result<GfxCommand> copy(WireReader& in) {
  CopySurface command;
  command.from = in.u16();
  command.to = in.u16();
  command.what = rect(in);
  if (!in.ok() || command.what.empty()) return malformed();
  TOBARI_ASSIGN(command.places, points(in));
  return command;
}

Result<GfxCommand> parse(std::uint16_t id, std::span<const std::byte> body) {
  WireReader in(body);
  const auto whole = [&in](auto command) -> Result<GfxCommand> {
    if (!in.ok()) return malformed();
    return command;
  };
  switch (id) {
    case kWireToSurface1:
      return bitmap(in);
    case kWireToSurface2: {
      ProgressiveBitmap command;
      command.id = in.u16();
      in.skip(2 + 4 + 1);  // codec, context, pixel format: there is one of each
      command.data = in.bytes(in.u32());
      return whole(command);
    }
    case kSolidFill:
      return fill(in);
    case kSurfaceToSurface:
      return copy(in);
    case kSurfaceToCache: {
      StoreTile command;
      command.id = in.u16();
      in.skip(8);  // the key: for clients that keep tiles beyond a session
      command.slot = in.u16();
      command.what = rect(in);
      if (command.what.empty()) return malformed();
      return whole(command);
    }
    case kCacheToSurface: {
      RecallTile command;
      command.slot = in.u16();
      command.id = in.u16();
      TOBARI_ASSIGN(command.places, points(in));
      return whole(std::move(command));
    }
    case kEvictCacheEntry:
      return whole(EvictTile{in.u16()});
    case kCreateSurface: {
      CreateSurface command;
      command.id = in.u16();
      command.size.width = in.u16();
      command.size.height = in.u16();
      return whole(command);
    }
    case kDeleteSurface:
      return whole(DeleteSurface{in.u16()});
    case kStartFrame:
    case kEndFrame:
      return FrameMark{};
    case kResetGraphics: {
      ResetGraphics command;
      const std::uint32_t width = in.u32();
      const std::uint32_t height = in.u32();
      if (width > 0xFFFF || height > 0xFFFF) return malformed();
      command.size = {static_cast<int>(width), static_cast<int>(height)};
      return whole(command);
    }
    case kMapSurfaceToOutput: {
      MapSurface command;
      command.id = in.u16();
      in.skip(2);
      const std::uint32_t x = in.u32();
      const std::uint32_t y = in.u32();
      if (x > 0xFFFF || y > 0xFFFF) return malformed();
      command.at = {static_cast<int>(x), static_cast<int>(y)};
      return whole(command);
    }
    default:
      return fail(Errc::kPeerProtocol, "a graphics message of an unknown kind");
  }
}

}  // namespace

Result<std::optional<GfxCommand>> GfxCommands::next() {
  if (left_.empty()) return std::optional<GfxCommand>();
  WireReader in(left_);
  const std::uint16_t id = in.u16();
  in.skip(2);
  const std::size_t length = in.u32();
  if (!in.ok() || length < kHeaderSize || length > left_.size()) return malformed();
  const auto body = left_.subspan(kHeaderSize, length - kHeaderSize);
  left_ = left_.subspan(length);
  TOBARI_ASSIGN(GfxCommand command, parse(id, body));
  return std::optional(std::move(command));
}

}  // namespace tobari::display::playback
