// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of the audio output channel (MS-RDPEA 2.2) that we use: writers append one message to a buffer, the
// parser takes what a client sends. No state, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::display::snd {

using Bytes = std::vector<std::byte>;

// Over a channel of its own rather than the static "rdpsnd": only channels that we create exist.
inline constexpr const char* kChannelName = "AUDIO_PLAYBACK_DVC";

inline constexpr std::uint16_t kVersion = 8;  // 2.2.2.1; from it on clients take Wave2
inline constexpr std::uint16_t kTagPcm = 0x0001;
inline constexpr std::uint16_t kTagOpus = 0x704F;

// AUDIO_FORMAT (2.2.2.1.1) but for what follows from the rest.
struct Format {
  std::uint16_t tag = kTagPcm;
  std::uint16_t channels = 0;
  std::uint32_t rate = 0;
  std::uint32_t bytes_per_second = 0;
  std::uint16_t block_align = 0;
  std::uint16_t bits = 0;
};

struct ClientFormats {
  std::uint16_t version = 0;
  std::vector<Format> formats;  // what waves carry is the index in this list
};
struct QualityMode {
  std::uint16_t mode = 0;
};
inline constexpr std::uint16_t kMediumQuality = 1;
struct TrainingConfirm {
  std::uint16_t timestamp = 0;
};
struct WaveConfirm {
  std::uint8_t block = 0;
};
using ClientMessage = std::variant<ClientFormats, QualityMode, TrainingConfirm, WaveConfirm>;

// Clients list the formats of ours that they play, so many more are absurd; and so is much behind a format.
inline constexpr std::size_t kMaxClientFormats = 64;
inline constexpr std::size_t kMaxFormatExtra = 256;

// kPeerProtocol: malformed, or nothing that a client sends on this channel.
[[nodiscard]] Result<ClientMessage> parse(std::span<const std::byte> message);

void server_formats(std::span<const Format> formats, Bytes& out);
void training(std::uint16_t timestamp, Bytes& out);

struct Wave {
  std::uint16_t timestamp = 0;  // milliseconds
  std::uint16_t format = 0;
  std::uint8_t block = 0;
  std::uint32_t captured = 0;  // milliseconds since the machine was started
  std::span<const std::byte> data;
};
// For version 8 and later. `data` is at most kMaxWaveData long, as in the other.
void wave2(const Wave& wave, Bytes& out);
// For older ones: two messages; `data` is at least 4 long.
void wave_info(const Wave& wave, Bytes& out);
void wave(const Wave& wave, Bytes& out);
inline constexpr std::size_t kMaxWaveData = 0xFFFF - 12;

}  // namespace tobari::display::snd
