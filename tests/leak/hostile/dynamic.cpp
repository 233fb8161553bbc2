// SPDX-License-Identifier: GPL-3.0-or-later
#include "dynamic.h"

#include <algorithm>
#include <utility>

#include <freerdp/codec/zgfx.h>

#include "rdp/wire.h"

namespace tobari::leak {
namespace {

using display::WireReader;
using display::WireWriter;

// MS-RDPEDYC 2.2
enum Command : unsigned { kCreate = 1, kDataFirst = 2, kData = 3, kClose = 4, kCapabilities = 5 };
constexpr const char* kGraphics = "Microsoft::Windows::RDS::Graphics";
constexpr std::size_t kPiece = 1590;  // of a message, so that one PDU is one piece of the static channel

// MS-RDPEGFX 2.2.1.5
enum Graphics : unsigned {
  kEndFrame = 0x0C,
  kFrameAcknowledge = 0x0D,
  kCacheImportOffer = 0x10,
  kCacheImportReply = 0x11,
  kCapsAdvertise = 0x12,
  kCapsConfirm = 0x13,
};
constexpr std::uint32_t kVersion8 = 0x00080004;

// MS-RDPEA 2.2.1
enum Sound : unsigned { kWaveConfirm = 5, kTraining = 6, kFormats = 7, kWave2 = 0x0D };

std::uint32_t variable(WireReader& in, unsigned code) { return code == 0 ? in.u8() : code == 1 ? in.u16() : in.u32(); }

Bytes graphics_message(unsigned command, const Bytes& body) {
  Bytes message;
  WireWriter out(message);
  out.u16(command);
  out.u16(0U);
  out.u32(8 + body.size());
  out.bytes(body);
  return message;
}

}  // namespace

struct DynamicChannels::Decoder {
  ZGFX_CONTEXT* context = zgfx_context_new(FALSE);
  Decoder() = default;
  ~Decoder() { zgfx_context_free(context); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Bytes decode(std::span<const std::byte> data) const {
    BYTE* plain = nullptr;
    UINT32 size = 0;
    if (zgfx_decompress(context, reinterpret_cast<const BYTE*>(data.data()), static_cast<UINT32>(data.size()), &plain,
                        &size, 0) < 0) {
      return {};
    }
    Bytes result(size);
    std::copy_n(reinterpret_cast<const std::byte*>(plain), size, result.begin());
    free(plain);
    return result;
  }
};

DynamicChannels::DynamicChannels(Send send) : send_(std::move(send)), decoder_(std::make_unique<Decoder>()) {}
DynamicChannels::~DynamicChannels() = default;

void DynamicChannels::receive(std::span<const std::byte> piece, bool first, bool last) {
  if (first) pdu_.clear();
  pdu_.insert(pdu_.end(), piece.begin(), piece.end());
  if (last) handle(std::exchange(pdu_, {}));
}

Bytes DynamicChannels::data(std::uint32_t id, const Bytes& message) {
  Bytes pdu;
  WireWriter out(pdu);
  out.u8(unsigned{kData} << 4 | (id > 0xFF ? 2U : 0U));
  if (id > 0xFF) {
    out.u32(id);
  } else {
    out.u8(id);
  }
  out.bytes(message);
  return pdu;
}

void DynamicChannels::send(std::uint32_t id, const Bytes& message) {
  if (message.size() <= kPiece) return send_(data(id, message));
  for (std::size_t at = 0; at < message.size(); at += kPiece) {
    Bytes pdu;
    WireWriter out(pdu);
    out.u8((at == 0 ? unsigned{kDataFirst} : unsigned{kData}) << 4 | (at == 0 ? 2U << 2 : 0U));
    out.u8(id);
    if (at == 0) out.u32(message.size());
    out.bytes(std::span(message).subspan(at, std::min(kPiece, message.size() - at)));
    send_(pdu);
  }
}

std::uint32_t DynamicChannels::id_of(const std::string& name) const {
  const auto found = std::ranges::find_if(channels_, [&name](const auto& c) { return c.second.name == name; });
  return found == channels_.end() ? 0 : found->first;
}

void DynamicChannels::close(std::uint32_t id) {
  send_({static_cast<std::byte>(unsigned{kClose} << 4), static_cast<std::byte>(id)});
  channels_.erase(id);
  closed_.insert(id);
  if (id != graphics_) return;
  graphics_ = 0;
  graphics_ready_ = false;
}

void DynamicChannels::ask() {
  if (graphics_ != 0) send(graphics_, graphics_message(kCacheImportOffer, {std::byte{0}, std::byte{0}}));
}

void DynamicChannels::handle(std::span<const std::byte> pdu) {
  WireReader in(pdu);
  const unsigned first = in.u8();
  const unsigned command = first >> 4;
  if (command == kCapabilities) return send_({std::byte{0x50}, std::byte{0}, std::byte{1}, std::byte{0}});
  const std::uint32_t id = variable(in, first & 3);
  if (command == kCreate) {
    std::string name;
    while (in.remaining() > 0) {
      const char c = static_cast<char>(in.u8());
      if (c == '\0') break;
      name += c;
    }
    Bytes answer;
    WireWriter out(answer);
    out.u8(unsigned{kCreate} << 4);
    out.u8(id);
    out.u32(0U);
    send_(answer);
    channels_[id] = {name, 0, {}};
    closed_.erase(id);
    received_[name] += 0;
    if (name != kGraphics) return;
    graphics_ = id;  // perhaps again, after the client has closed it: from the beginning
    decoder_ = std::make_unique<Decoder>();
    Bytes caps;
    WireWriter sets(caps);
    sets.u16(1U);
    sets.u32(kVersion8);
    sets.u32(4U);
    sets.u32(0U);
    return send(id, graphics_message(kCapsAdvertise, caps));
  }
  if (closed_.contains(id)) return;  // was under way
  Channel& channel = channels_[id];
  if (command == kClose) {
    channel.name += " (closed)";
    return;
  }
  if (command == kDataFirst) {
    channel.expected = variable(in, first >> 2 & 3);
    channel.message.clear();
  }
  const auto part = in.bytes(in.remaining());
  received_[channel.name] += part.size();
  if (channel.expected == 0) return take(channel, id, part);
  channel.message.insert(channel.message.end(), part.begin(), part.end());
  if (channel.message.size() < channel.expected) return;
  channel.expected = 0;
  const Bytes whole = std::exchange(channel.message, {});
  take(channel, id, whole);
}

void DynamicChannels::take(Channel& channel, std::uint32_t id, std::span<const std::byte> message) {
  if (id == graphics_) return take_graphics(id, message);
  if (on_content) on_content(channel.name, message);
  if (channel.name.starts_with("AUDIO_PLAYBACK")) take_sound(id, message);
}

void DynamicChannels::take_graphics(std::uint32_t id, std::span<const std::byte> message) {
  const Bytes plain = decoder_->decode(message);
  if (on_content) on_content(kGraphics, plain);
  WireReader in(plain);
  while (in.ok() && in.remaining() >= 8) {
    const unsigned command = in.u16();
    in.skip(2);
    const std::size_t length = in.u32();
    if (length < 8 || length - 8 > in.remaining()) return;
    WireReader body(in.bytes(length - 8));
    if (command == kCapsConfirm) graphics_ready_ = true;
    if (command == kCacheImportReply) ++answers_;
    if (command != kEndFrame) continue;
    ++frames_;
    Bytes ack;
    WireWriter out(ack);
    out.u32(0U);
    out.u32(body.u32());
    out.u32(frames_);
    send(id, graphics_message(kFrameAcknowledge, ack));
  }
}

// Every format that is offered is taken, so that whatever may be heard is heard.
void DynamicChannels::take_sound(std::uint32_t id, std::span<const std::byte> message) {
  WireReader in(message);
  const unsigned type = in.u8();
  in.skip(3);
  Bytes answer;
  WireWriter out(answer);
  if (type == kFormats) {
    in.skip(14);
    const std::uint16_t count = in.u16();
    in.skip(4);
    const auto formats = in.bytes(std::size_t{count} * 18);
    out.u8(unsigned{kFormats});
    out.u8(0U);
    out.u16(20 + formats.size());
    out.u32(1U);  // TSSNDCAPS_ALIVE
    out.zeros(10);
    out.u16(count);
    out.u8(0U);
    out.u16(8U);
    out.u8(0U);
    out.bytes(formats);
  } else if (type == kTraining) {
    out.u8(unsigned{kTraining});
    out.u8(0U);
    out.u16(4U);
    out.u16(in.u16());
    out.u16(in.u16());
  } else if (type == kWave2) {
    const std::uint16_t time = in.u16();
    in.skip(2);
    out.u8(unsigned{kWaveConfirm});
    out.u8(0U);
    out.u16(4U);
    out.u16(time);
    out.u8(in.u8());
    out.u8(0U);
  }
  if (!answer.empty()) send(id, answer);
}

}  // namespace tobari::leak
