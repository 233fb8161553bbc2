// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/gfx_pdu.h"

#include <algorithm>
#include <utility>

#include "rdp/client_table.h"
#include "rdp/gfx_command.h"
#include "rdp/wire.h"

namespace tobari::display::gfx {
namespace {

constexpr std::size_t kResetGraphicsSize = 340;  // 2.2.2.14: fixed
constexpr unsigned kPixelFormatXrgb8888 = 0x20;
constexpr unsigned kCodecContext = 0;  // of the progressive codec: one a surface, which goes with it

// 2.2.3
constexpr std::uint32_t kVersion101 = 0x000A0100;  // its data is reserved, not flags
constexpr std::uint32_t kVersion103 = 0x000A0301;
constexpr std::uint32_t kFlagThinClient = 0x01;
constexpr std::uint32_t kFlagSmallCache = 0x02;

// 3.3.1.4: the client's bitmap cache takes 100 MB or 16 MB. We fill it with tiles of at most 64x64 pixels and are then
// well below the 25,600 or 4,096 slots that go with it.
constexpr std::uint16_t kLargeCache = 100'000'000 / (64 * 64 * 4);
constexpr std::uint16_t kSmallCache = 16'000'000 / (64 * 64 * 4);

// 10.1 has no flags and 10.3 always means the small one; a client that says so in any of its sets is believed.
std::uint16_t cached_tiles(std::uint32_t version, const CapsAdvertise& advertised) {
  const auto small = [](const CapsSet& set) {
    return set.version != kVersion101 && (set.flags & (kFlagThinClient | kFlagSmallCache)) != 0;
  };
  if (version == kVersion101 || version == kVersion103) return kSmallCache;
  return std::ranges::any_of(advertised.sets, small) ? kSmallCache : kLargeCache;
}

// A message: its length is filled in when it ends.
class Message {
 public:
  Message(Command command, Bytes& out) : writer_(out), begin_(writer_.position()) {
    writer_.u16(std::uint16_t{command});
    writer_.u16(0U);
    writer_.u32(0U);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() { writer_.patch_u32(begin_ + 4, static_cast<std::uint32_t>(writer_.position() - begin_)); }

  WireWriter* operator->() noexcept { return &writer_; }
  [[nodiscard]] std::size_t size() const noexcept { return writer_.position() - begin_; }
  void rect(const Rect& r) {
    for (const int side : {r.x, r.y, r.right(), r.bottom()}) writer_.u16(static_cast<unsigned>(side));
  }

 private:
  WireWriter writer_;
  std::size_t begin_;
};

Rect moved(const Rect& rect, const Rect& origin) {
  return {rect.x - origin.x, rect.y - origin.y, rect.width, rect.height};
}

void avc_metablock(const EncodedRect& rect, const Rect& origin, Message& out) {  // 2.2.4.4.1
  out->u32(rect.regions.size());
  for (const Rect& region : rect.regions) out.rect(moved(region, origin));
  for (std::size_t i = 0; i < rect.regions.size(); ++i) {
    out->u8(rect.qp & 0x3FU);
    out->u8(rect.quality);
  }
}

void avc420(std::uint16_t surface, const EncodedRect& rect, Bytes& out) {
  const Rect origin = rect.off_screen ? rect.rect : Rect{};
  const std::uint16_t decoded_on = rect.off_screen ? video_surface(surface) : surface;
  {
    Message pdu(kWireToSurface1, out);
    pdu->u16(decoded_on);
    pdu->u16(std::to_underlying(rect.codec));
    pdu->u8(kPixelFormatXrgb8888);
    pdu.rect(moved(rect.rect, origin));
    pdu->u32(4 + rect.regions.size() * 10 + rect.data.size());
    avc_metablock(rect, origin, pdu);
    pdu->bytes(rect.data);
  }
  if (!rect.off_screen) return;
  for (const Rect& region : rect.regions) {  // 2.2.2.5
    Message pdu(kSurfaceToSurface, out);
    pdu->u16(decoded_on);
    pdu->u16(surface);
    pdu.rect(moved(region, origin));
    pdu->u16(1U);
    pdu->u16(static_cast<unsigned>(region.x));
    pdu->u16(static_cast<unsigned>(region.y));
  }
}

void point(const Rect& rect, Message& out) {
  out->u16(static_cast<unsigned>(rect.x));
  out->u16(static_cast<unsigned>(rect.y));
}

void copy(std::uint16_t surface, const EncodedRect& rect, Bytes& out) {
  Message pdu(kSurfaceToSurface, out);
  pdu->u16(surface);
  pdu->u16(surface);
  pdu.rect({rect.from.x, rect.from.y, rect.rect.width, rect.rect.height});
  pdu->u16(1U);
  point(rect.rect, pdu);
}

void store(std::uint16_t surface, const EncodedRect& rect, Bytes& out) {
  if (rect.replaces) {
    Message evict(kEvictCacheEntry, out);
    evict->u16(rect.slot);
  }
  Message pdu(kSurfaceToCache, out);
  pdu->u16(surface);
  pdu->u32(static_cast<std::uint32_t>(rect.key));
  pdu->u32(static_cast<std::uint32_t>(rect.key >> 32));
  pdu->u16(rect.slot);
  pdu.rect(rect.rect);
}

void recall(std::uint16_t surface, const EncodedRect& rect, Bytes& out) {
  Message pdu(kCacheToSurface, out);
  pdu->u16(rect.slot);
  pdu->u16(surface);
  pdu->u16(1U);
  point(rect.rect, pdu);
}

void one_rect(std::uint16_t surface, const EncodedRect& rect, Bytes& out) {
  if (rect.codec == Codec::kSolid) {
    Message pdu(kSolidFill, out);
    pdu->u16(surface);
    pdu->bytes(rect.data);
    pdu->u16(1U);
    pdu.rect(rect.rect);
    return;
  }
  if (rect.codec == Codec::kProgressive) {
    Message pdu(kWireToSurface2, out);
    pdu->u16(surface);
    pdu->u16(std::to_underlying(rect.codec));
    pdu->u32(kCodecContext);
    pdu->u8(kPixelFormatXrgb8888);
    pdu->u32(rect.data.size());
    pdu->bytes(rect.data);
    return;
  }
  if (rect.codec == Codec::kAvc420) return avc420(surface, rect, out);
  if (rect.codec == Codec::kVideoSurface) {
    if (rect.replaces) delete_surface(video_surface(surface), out);
    return create_surface(video_surface(surface), {rect.rect.width, rect.rect.height}, out);
  }
  if (rect.codec == Codec::kCopy) return copy(surface, rect, out);
  if (rect.codec == Codec::kStore) return store(surface, rect, out);
  if (rect.codec == Codec::kRecall) return recall(surface, rect, out);
  Message pdu(kWireToSurface1, out);
  pdu->u16(surface);
  pdu->u16(std::to_underlying(rect.codec));
  pdu->u8(kPixelFormatXrgb8888);
  pdu.rect(rect.rect);
  pdu->u32(rect.data.size());
  pdu->bytes(rect.data);
}

Result<CapsAdvertise> parse_caps(WireReader& in) {
  CapsAdvertise caps;
  const std::size_t count = in.u16();
  if (count > kMaxCapsSets) return fail(Errc::kPeerProtocol, "too many graphics capability sets");
  for (std::size_t i = 0; i < count; ++i) {
    CapsSet set;
    set.version = in.u32();
    set.length = in.u32();
    WireReader data(in.bytes(set.length));
    if (!in.ok()) return fail(Errc::kPeerProtocol, "malformed graphics capabilities");
    if (set.length >= 4) set.flags = data.u32();
    caps.sets.push_back(set);
  }
  return caps;
}

Result<void> parse_one(std::uint16_t command, std::span<const std::byte> body, std::vector<ClientMessage>& out) {
  WireReader in(body);
  switch (command) {
    case kCapsAdvertise: {
      TOBARI_ASSIGN(CapsAdvertise caps, parse_caps(in));
      out.emplace_back(std::move(caps));
      return {};
    }
    case kFrameAcknowledge: {
      FrameAcknowledge ack;
      ack.queue_depth = in.u32();
      ack.frame = in.u32();
      if (!in.ok()) return fail(Errc::kPeerProtocol, "malformed frame acknowledgement");
      out.emplace_back(ack);
      return {};
    }
    case kCacheImportOffer:
      out.emplace_back(CacheImportOffer{});
      return {};
    case kQoeFrameAcknowledge:
      return {};
    default:
      return fail(Errc::kPeerProtocol, "unknown graphics message");
  }
}

}  // namespace

Result<std::vector<ClientMessage>> parse(std::span<const std::byte> data) {
  std::vector<ClientMessage> messages;
  WireReader in(data);
  while (in.remaining() > 0) {
    const std::uint16_t command = in.u16();
    in.skip(2);
    const std::size_t length = in.u32();
    if (!in.ok() || length < kHeaderSize || length - kHeaderSize > in.remaining()) {
      return fail(Errc::kPeerProtocol, "malformed graphics message");
    }
    TOBARI_TRY(parse_one(command, in.bytes(length - kHeaderSize), messages));
  }
  return messages;
}

std::optional<Choice> choose(const CapsAdvertise& advertised) {
  for (const std::uint32_t version : kGraphicsVersions) {
    const auto set = std::ranges::find(advertised.sets, version, &CapsSet::version);
    if (set == advertised.sets.end()) continue;
    auto codecs = codecs_of(version, set->flags);
    if (!codecs) continue;
    codecs->copy = true;
    codecs->cached_tiles = cached_tiles(version, advertised);
    return Choice{*set, *codecs};
  }
  return std::nullopt;
}

void caps_confirm(const CapsSet& set, Bytes& out) {
  Message pdu(kCapsConfirm, out);
  pdu->u32(set.version);
  pdu->u32(set.length);
  if (set.length >= 4) pdu->u32(set.flags);
  pdu->zeros(set.length >= 4 ? set.length - 4 : set.length);
}

// The monitors are where the client has them (2.2.2.14: as in the Monitor Layout PDU), their edges inclusive.
void reset_graphics(const MonitorLayout& monitors, Bytes& out) {
  Message pdu(kResetGraphics, out);
  pdu->u32(static_cast<unsigned>(monitors.size().width));
  pdu->u32(static_cast<unsigned>(monitors.size().height));
  pdu->u32(monitors.monitors().size());
  for (const Monitor& monitor : monitors.monitors()) {
    const Rect& place = monitor.place;
    for (const int edge : {place.x, place.y, place.right() - 1, place.bottom() - 1}) {
      pdu->u32(static_cast<unsigned>(edge));
    }
    pdu->u32(monitor.primary ? 1U : 0U);
  }
  pdu->zeros(kResetGraphicsSize - pdu.size());
}

void create_surface(std::uint16_t surface, Size size, Bytes& out) {
  Message pdu(kCreateSurface, out);
  pdu->u16(surface);
  pdu->u16(static_cast<unsigned>(size.width));
  pdu->u16(static_cast<unsigned>(size.height));
  pdu->u8(kPixelFormatXrgb8888);
}

void delete_surface(std::uint16_t surface, Bytes& out) {
  Message pdu(kDeleteSurface, out);
  pdu->u16(surface);
}

void map_surface(std::uint16_t surface, Point origin, Bytes& out) {
  Message pdu(kMapSurfaceToOutput, out);
  pdu->u16(surface);
  pdu->u16(0U);
  pdu->u32(static_cast<unsigned>(origin.x));
  pdu->u32(static_cast<unsigned>(origin.y));
}

void cache_import_reply(Bytes& out) {
  Message pdu(kCacheImportReply, out);
  pdu->u16(0U);
}

void frame(std::uint16_t surface, std::uint32_t id, const EncodedFrame& frame, Bytes& out) {
  {
    Message pdu(kStartFrame, out);
    pdu->u32(0U);  // time stamp: unused
    pdu->u32(id);
  }
  for (const EncodedRect& rect : frame.rects) one_rect(surface, rect, out);
  Message pdu(kEndFrame, out);
  pdu->u32(id);
}

}  // namespace tobari::display::gfx
