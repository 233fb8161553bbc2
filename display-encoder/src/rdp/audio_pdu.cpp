// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/audio_pdu.h"

#include "rdp/wire.h"

namespace tobari::display::snd {
namespace {

enum Type : unsigned {  // 2.2.1
  kWave = 0x02,
  kWaveConfirm = 0x05,
  kTraining = 0x06,
  kFormats = 0x07,
  kQualityMode = 0x0C,
  kWave2 = 0x0D,
};
constexpr std::size_t kHeader = 4;
constexpr std::size_t kFormatSize = 18;
constexpr std::size_t kWaveInfoData = 4;          // of the sound in the first of two messages
constexpr std::uint8_t kNoBlockConfirmed = 0xFF;  // so that the first block is 0

void header(WireWriter& out, Type type, std::size_t body) {
  out.u8(unsigned{type});
  out.u8(0U);
  out.u16(body);
}

void format(WireWriter& out, const Format& f) {
  out.u16(f.tag);
  out.u16(f.channels);
  out.u32(f.rate);
  out.u32(f.bytes_per_second);
  out.u16(f.block_align);
  out.u16(f.bits);
  out.u16(0U);  // nothing follows
}

Result<Format> read_format(WireReader& in) {
  Format f;
  f.tag = in.u16();
  f.channels = in.u16();
  f.rate = in.u32();
  f.bytes_per_second = in.u32();
  f.block_align = in.u16();
  f.bits = in.u16();
  const std::size_t extra = in.u16();
  if (extra > kMaxFormatExtra) return fail(Errc::kPeerProtocol, "absurd sound format");
  in.skip(extra);
  return f;
}

Result<ClientMessage> read_formats(WireReader& in) {
  ClientFormats message;
  in.skip(14);  // flags, volume, pitch, and a port for UDP
  const std::size_t count = in.u16();
  in.skip(1);  // the last block confirmed: there was none
  message.version = in.u16();
  in.skip(1);
  if (!in.ok()) return fail(Errc::kPeerProtocol, "short list of sound formats");
  if (count > kMaxClientFormats || count * kFormatSize > in.remaining()) {
    return fail(Errc::kPeerProtocol, "absurd number of sound formats");
  }
  for (std::size_t i = 0; i < count; ++i) {
    TOBARI_ASSIGN(const Format f, read_format(in));
    message.formats.push_back(f);
  }
  return message;
}

void wave_fields(WireWriter& out, const Wave& wave) {
  out.u16(wave.timestamp);
  out.u16(wave.format);
  out.u8(wave.block);
  out.zeros(3);
}

}  // namespace

Result<ClientMessage> parse(std::span<const std::byte> message) {
  WireReader in(message);
  const unsigned type = in.u8();
  in.skip(1);
  const std::size_t body = in.u16();
  if (!in.ok() || body != in.remaining()) return fail(Errc::kPeerProtocol, "bad length of a message about sound");
  Result<ClientMessage> parsed = fail(Errc::kPeerProtocol, "unknown message about sound");
  switch (type) {
    case kFormats:
      parsed = read_formats(in);
      break;
    case kQualityMode:
      parsed = QualityMode{in.u16()};
      break;
    case kTraining:
      parsed = TrainingConfirm{in.u16()};
      in.skip(2);  // how much it was trained with
      break;
    case kWaveConfirm:
      in.skip(2);
      parsed = WaveConfirm{in.u8()};
      break;
    default:
      return parsed;
  }
  if (parsed && !in.ok()) return fail(Errc::kPeerProtocol, "short message about sound");
  return parsed;
}

void server_formats(std::span<const Format> formats, Bytes& out) {
  WireWriter w(out);
  header(w, kFormats, 20 + formats.size() * kFormatSize);
  w.zeros(14);
  w.u16(formats.size());
  w.u8(kNoBlockConfirmed);
  w.u16(kVersion);
  w.u8(0U);
  for (const Format& f : formats) format(w, f);
}

void training(std::uint16_t timestamp, Bytes& out) {
  WireWriter w(out);
  header(w, kTraining, 4);
  w.u16(timestamp);
  w.u16(0U);  // without data
}

void wave2(const Wave& wave, Bytes& out) {
  WireWriter w(out);
  header(w, kWave2, 12 + wave.data.size());
  wave_fields(w, wave);
  w.u32(wave.captured);
  w.bytes(wave.data);
}

// The length is that of both messages' contents, without the second one's padding (2.2.3.3).
void wave_info(const Wave& wave, Bytes& out) {
  WireWriter w(out);
  header(w, kWave, 8 + wave.data.size());
  wave_fields(w, wave);
  w.bytes(wave.data.first(kWaveInfoData));
}

void wave(const Wave& wave, Bytes& out) {
  WireWriter w(out);
  w.zeros(kHeader);
  w.bytes(wave.data.subspan(kWaveInfoData));
}

}  // namespace tobari::display::snd
