// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/gfx_pdu.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rdp/wire.h"

namespace tobari::display::gfx {
namespace {

// MS-RDPEGFX 2.2.1.5 RDPGFX_HEADER cmdId
enum Command : std::uint16_t {
  kWireToSurface1 = 0x0001,
  kSolidFill = 0x0004,
  kCreateSurface = 0x0009,
  kDeleteSurface = 0x000A,
  kStartFrame = 0x000B,
  kEndFrame = 0x000C,
  kFrameAcknowledge = 0x000D,
  kResetGraphics = 0x000E,
  kMapSurfaceToOutput = 0x000F,
  kCacheImportOffer = 0x0010,
  kCacheImportReply = 0x0011,
  kCapsAdvertise = 0x0012,
  kCapsConfirm = 0x0013,
  kQoeFrameAcknowledge = 0x0016,
};
constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kResetGraphicsSize = 340;  // 2.2.2.14: fixed
constexpr unsigned kPixelFormatXrgb8888 = 0x20;

// 2.2.3: the newest first. A version without AVC in it never allows it.
constexpr std::array kVersions{0x000A0701U, 0x000A0600U, 0x000A0502U, 0x000A0400U, 0x000A0301U,
                               0x000A0200U, 0x000A0100U, 0x000A0002U, 0x00080105U, 0x00080004U};
constexpr std::uint32_t kVersion81 = 0x00080105;
constexpr std::uint32_t kVersion10 = 0x000A0002;
constexpr std::uint32_t kVersion101 = 0x000A0100;   // 2.2.3.4: its data is reserved, not flags
constexpr std::uint32_t kFlagAvc420Enabled = 0x10;  // 8.1 only
constexpr std::uint32_t kFlagAvcDisabled = 0x20;    // 10 and later

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

void avc_metablock(const EncodedRect& rect, Message& out) {  // 2.2.4.4.1
  out->u32(rect.regions.size());
  for (const Rect& region : rect.regions) out.rect(region);
  for (std::size_t i = 0; i < rect.regions.size(); ++i) {
    out->u8(rect.qp & 0x3FU);
    out->u8(rect.quality);
  }
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
  const std::size_t metablock = rect.codec == Codec::kAvc420 ? 4 + rect.regions.size() * 10 : 0;
  Message pdu(kWireToSurface1, out);
  pdu->u16(surface);
  pdu->u16(std::to_underlying(rect.codec));
  pdu->u8(kPixelFormatXrgb8888);
  pdu.rect(rect.rect);
  pdu->u32(metablock + rect.data.size());
  if (metablock > 0) avc_metablock(rect, pdu);
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
  for (const std::uint32_t version : kVersions) {
    const auto set = std::ranges::find(advertised.sets, version, &CapsSet::version);
    if (set == advertised.sets.end()) continue;
    Choice choice{*set, {}};
    if (version == kVersion81) choice.codecs.avc420 = (set->flags & kFlagAvc420Enabled) != 0;
    if (version == kVersion101) choice.codecs.avc420 = true;
    if (version >= kVersion10 && version != kVersion101) choice.codecs.avc420 = (set->flags & kFlagAvcDisabled) == 0;
    return choice;
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
