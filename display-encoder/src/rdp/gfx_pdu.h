// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of the graphics pipeline (MS-RDPEGFX 2.2) that we use: writers append to a buffer, the parser takes what
// a client sends. No state, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/encoder.h>
#include <tobari/display/geometry.h>
#include <tobari/display/monitor.h>

namespace tobari::display::gfx {

using Bytes = std::vector<std::byte>;

struct CapsSet {
  std::uint32_t version = 0;
  std::uint32_t flags = 0;
  std::uint32_t length = 4;  // of the flags and what follows them, as the client said it
};

struct CapsAdvertise {
  std::vector<CapsSet> sets;
};
struct FrameAcknowledge {
  std::uint32_t queue_depth = 0;
  std::uint32_t frame = 0;
};
struct CacheImportOffer {};
using ClientMessage = std::variant<CapsAdvertise, FrameAcknowledge, CacheImportOffer>;

inline constexpr std::uint32_t kSuspendAcks = 0xFFFFFFFF;
inline constexpr std::size_t kMaxCapsSets = 32;

// All messages of one channel write that say something to us. kPeerProtocol: malformed.
[[nodiscard]] Result<std::vector<ClientMessage>> parse(std::span<const std::byte> data);

// The version to confirm and what can be decoded then; nothing when no version is known to us.
struct Choice {
  CapsSet set;
  ClientCodecs codecs;
};
[[nodiscard]] std::optional<Choice> choose(const CapsAdvertise& advertised);

void caps_confirm(const CapsSet& set, Bytes& out);
void reset_graphics(const MonitorLayout& monitors, Bytes& out);  // not empty
void create_surface(std::uint16_t surface, Size size, Bytes& out);
void delete_surface(std::uint16_t surface, Bytes& out);
void map_surface(std::uint16_t surface, Point origin, Bytes& out);
void cache_import_reply(Bytes& out);  // no entry taken
// The id of the off-screen surface on which the video of `surface` is decoded.
[[nodiscard]] constexpr std::uint16_t video_surface(std::uint16_t surface) noexcept {
  return static_cast<std::uint16_t>(0x8000 + surface);
}
// Start, every rectangle in order, end.
void frame(std::uint16_t surface, std::uint32_t id, const EncodedFrame& frame, Bytes& out);

}  // namespace tobari::display::gfx
