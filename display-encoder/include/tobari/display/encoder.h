// SPDX-License-Identifier: GPL-3.0-or-later
// Encoders turn pixels into what RDP's graphics pipeline carries. An encoder is stateful, used by one thread at a time,
// and mirrors state in the client: what it returned must be sent, in order, or the client's state is lost.
// Back-pressure is therefore decided before encoding (src/pacing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>
#include <tobari/display/region.h>

namespace tobari::display {

// Values: the codecId of MS-RDPEGFX 2.2.2.1 and 2.2.2.2, but for those that are PDUs of their own, and kJpeg, which is
// for others than RDP's clients.
enum class Codec : std::uint16_t {
  kUncompressed = 0x0000,
  kClear = 0x0008,
  kProgressive = 0x0009,
  kPlanar = 0x000A,
  kAvc420 = 0x000B,
  kJpeg = 0xFF00,
  kSolid = 0xFFFF,
  kCopy = 0xFFFE,    // 2.2.2.5 SURFACE_TO_SURFACE, within one surface
  kStore = 0xFFFD,   // 2.2.2.6 SURFACE_TO_CACHE: no pixel changes
  kRecall = 0xFFFC,  // 2.2.2.7 CACHE_TO_SURFACE
  // 2.2.2.9 CREATE_SURFACE: an off-screen surface for the part `rect` of this surface, on which a new stream of kAvc420
  // commands that are `off_screen` is decoded.
  kVideoSurface = 0xFFF0,
};

// One command for the client. `regions`: what of the decoded picture is shown, for kAvc420 and kProgressive only (the
// latter has it in its data too). The quality is for kAvc420 only. kCopy, kStore and kRecall have no data.
struct EncodedRect {
  Codec codec = Codec::kUncompressed;
  Rect rect;                    // on the surface
  std::vector<std::byte> data;  // the codec's own bytes; kSolid: 4 bytes B G R X
  std::vector<Rect> regions;
  std::uint8_t qp = 0;
  std::uint8_t quality = 0;
  bool off_screen = false;  // kAvc420: `rect` is where the off-screen surface belongs, and what `regions` are cut from
  bool replaces = false;    // kVideoSurface: there is one already, and it is deleted first; kStore: so with the slot
  Point from{};             // kCopy: where the top left pixel of `rect` comes from; the areas may overlap
  std::uint16_t slot = 0;   // kStore, kRecall: from 1
  std::uint64_t key = 0;    // kStore: names the entry, once in a connection
};

// Bytes a second. A rate is measured end to end, and small pictures of a film that a client takes its time to decode
// look like a line of 4 to 20 MB/s: from here on it may as well be the client that is slow, whose time is then worth
// more than the line's.
inline constexpr std::size_t kNarrowLine = 4'000'000;

struct EncodedFrame {
  std::vector<EncodedRect> rects;          // to be sent in this order, as one frame
  std::optional<std::size_t> line_rate{};  // bytes a second of the line that it goes over; none: not known
  bool refines = false;  // nothing but what was shown with loss: how soon it is exact counts, more than bytes do
  [[nodiscard]] bool empty() const noexcept { return rects.empty(); }
};

// What the encoders made; headers come on top.
[[nodiscard]] inline std::size_t data_bytes(const EncodedFrame& frame) noexcept {
  std::size_t bytes = 0;
  for (const EncodedRect& rect : frame.rects) bytes += rect.data.size();
  return bytes;
}

// What the client can decode.
struct ClientCodecs {
  bool clear = true;
  bool planar = true;
  bool avc420 = false;
  bool progressive = false;
  bool copy = false;  // kCopy
  // Tiles of up to 64x64 pixels that the client's cache holds; 0: no kStore, no kRecall.
  std::uint16_t cached_tiles = 0;
};

// Encodes a rectangle. Implementations: ClearCodec, planar, uncompressed, all without loss; JPEG.
class RectEncoder {
 public:
  virtual ~RectEncoder() = default;
  [[nodiscard]] virtual Codec codec() const noexcept = 0;
  // Appends to `out`. `rect` lies inside the frame.
  virtual void encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) = 0;
  virtual void reset() = 0;  // the client's side starts anew
};

}  // namespace tobari::display
