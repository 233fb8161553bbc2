// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/audio_channel.h"

#include <algorithm>
#include <bit>

#include "rdp/wire.h"

namespace tobari::display {
namespace {

constexpr std::uint16_t kBits = 16;
constexpr std::uint16_t kBlockAlign = kAudioChannels * kBits / 8;

constexpr snd::Format pcm(unsigned rate) {
  return {snd::kTagPcm, kAudioChannels, rate, rate * kBlockAlign, kBlockAlign, kBits};
}
constexpr std::array kOffered{pcm(kAudioRates[0]), pcm(kAudioRates[1]),
                              snd::Format{snd::kTagOpus, kAudioChannels, OpusCompressor::kRate,
                                          OpusCompressor::kBitsPerSecond / 8, kBlockAlign, kBits}};

std::uint32_t milliseconds(Clock::Steady time) noexcept {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

std::optional<std::uint16_t> index_of(std::span<const snd::Format> formats, const snd::Format& wanted) {
  const auto found = std::ranges::find_if(formats, [&wanted](const snd::Format& f) {
    return f.tag == wanted.tag && f.channels == wanted.channels && f.rate == wanted.rate && f.bits == wanted.bits;
  });
  if (found == formats.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - formats.begin());
}

}  // namespace

void AudioChannel::open(AudioOutput& output) {
  output_ = &output;
  state_ = State::kFormats;
  snd::server_formats(kOffered, message_);
  flush();
}

void AudioChannel::close() {
  const bool played = state_ == State::kPlaying;
  state_ = State::kClosed;
  output_ = nullptr;
  if (played) events_.on_audio_wanted(false);
}

void AudioChannel::flush() {
  output_->send_audio(message_);
  message_.clear();
}

Result<void> AudioChannel::receive(std::span<const std::byte> message) {
  if (state_ == State::kClosed) return {};
  TOBARI_ASSIGN(const snd::ClientMessage parsed, snd::parse(message));
  if (const auto* formats = std::get_if<snd::ClientFormats>(&parsed)) return on_formats(*formats);
  if (state_ == State::kFormats) return fail(Errc::kPeerProtocol, "sound before its formats");
  if (const auto* quality = std::get_if<snd::QualityMode>(&parsed)) {
    medium_ = quality->mode == snd::kMediumQuality;
  } else if (const auto* confirm = std::get_if<snd::WaveConfirm>(&parsed)) {
    pacer_.confirmed(confirm->block, clock_.now());
  } else {
    return on_trained();
  }
  return {};
}

Result<void> AudioChannel::on_formats(const snd::ClientFormats& client) {
  if (state_ != State::kFormats) return fail(Errc::kPeerProtocol, "sound formats a second time");
  two_messages_ = client.version < snd::kVersion;
  for (std::size_t i = 0; i < pcm_.size(); ++i) pcm_[i] = index_of(client.formats, kOffered[i]);
  opus_ = index_of(client.formats, kOffered.back());
  if (!opus_ && std::ranges::none_of(pcm_, [](const auto& p) { return p.has_value(); })) {
    state_ = State::kMute;  // a client without any of them is one without sound
    return {};
  }
  state_ = State::kTraining;
  trained_at_ = clock_.now();
  snd::training(static_cast<std::uint16_t>(milliseconds(trained_at_)), message_);
  flush();
  return {};
}

Result<void> AudioChannel::on_trained() {
  if (state_ != State::kTraining) return fail(Errc::kPeerProtocol, "answer to a training that was not asked for");
  const auto round_trip = clock_.now() - trained_at_;
  pacer_.reset(round_trip);
  packer_.clear();
  packer_.set_length(kPcmPacket);
  state_ = State::kPlaying;
  if (medium_ || round_trip > kLocalRoundTrip || !pcm_.front()) use_opus();
  events_.on_audio_wanted(true);
  return {};
}

void AudioChannel::use_opus() {
  if (!opus_ || compressor_) return;
  auto made = OpusCompressor::create();
  if (!made) {
    opus_.reset();
    return;
  }
  compressor_ = std::move(*made);
  packer_.set_length(OpusCompressor::kFrame);
}

std::optional<std::uint16_t> AudioChannel::format_for(unsigned rate) const noexcept {
  if (compressor_ && rate == OpusCompressor::kRate) return opus_;
  const auto known = std::ranges::find(kAudioRates, rate);
  return known == std::end(kAudioRates) ? std::nullopt : pcm_[static_cast<std::size_t>(known - kAudioRates)];
}

void AudioChannel::play(const AudioBlock& block) {
  if (state_ != State::kPlaying || clock_.now() < silent_until_) return;
  packer_.add(block);
  while (const auto packet = packer_.next()) {
    if (pacer_.admit(clock_.now())) {
      send(*packet);
    } else {
      note_gap();
    }
  }
}

// PCM that comes late again and again does not fit through the line.
void AudioChannel::note_gap() {
  if (pacer_.gaps() == gaps_seen_) return;
  gaps_seen_ = pacer_.gaps();
  const Time now = clock_.now();
  const bool again = last_gap_ && now - *last_gap_ <= kGapsWithin;
  last_gap_ = now;
  if (!again || compressor_) return;
  use_opus();
  if (compressor_) return;
  silent_until_ = now + kSilence;
  last_gap_.reset();
}

void AudioChannel::send(const AudioPacket& packet) {
  const auto format = format_for(packet.rate);
  if (!format) return;
  const auto data = encoded(packet);
  if (data.empty()) return;
  const Time now = clock_.now();
  const snd::Wave wave{static_cast<std::uint16_t>(milliseconds(now)), *format, block_, milliseconds(packet.captured),
                       data};
  if (two_messages_) {
    snd::wave_info(wave, message_);
    flush();
    snd::wave(wave, message_);
  } else {
    snd::wave2(wave, message_);
  }
  flush();
  pacer_.sent(block_++, now);
  ++counts_.packets;
  counts_.bytes += data.size();
}

std::span<const std::byte> AudioChannel::encoded(const AudioPacket& packet) {
  encoded_.clear();
  if (compressor_ && packet.rate == OpusCompressor::kRate) {
    encoded_.resize(OpusCompressor::kMaxPacket);
    const auto size = compressor_->encode(packet.samples, std::span<std::byte, OpusCompressor::kMaxPacket>(encoded_));
    return std::span(encoded_).first(size.value_or(0));
  }
  WireWriter out(encoded_);
  for (const std::int16_t sample : packet.samples) out.u16(static_cast<std::uint16_t>(sample));
  return encoded_;
}

AudioChannel::Counts AudioChannel::counts() const noexcept {
  Counts counts = counts_;
  counts.dropped = pacer_.dropped();
  counts.opus = compressor_.has_value();
  counts.line = pacer_.line();
  return counts;
}

}  // namespace tobari::display
