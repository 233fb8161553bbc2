// SPDX-License-Identifier: GPL-3.0-or-later
// Sound for one client over its audio output channel (MS-RDPEA): what is said when, in which format, and what is left
// out because the line is behind. No I/O and no thread; the peer's thread calls it.
//
// Formats. PCM is exact and what every client plays, at 1.5 Mbit/s. A line whose round trip says that it is no local
// network, a client that asks for less (quality mode), and a line on which PCM was late twice get Opus, if the client
// decodes it; that stays so, because clients interrupt the sound at every change. Without Opus, PCM that is late twice
// falls silent for a while: what does not fit through the line would only take it away from the pictures.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/display/audio_source.h>

#include "audio/audio_pacer.h"
#include "audio/audio_packer.h"
#include "audio/opus_compressor.h"
#include "rdp/audio_pdu.h"

namespace tobari::display {

class AudioOutput {
 public:
  virtual void send_audio(std::span<const std::byte> message) = 0;  // one message on the audio channel

 protected:
  ~AudioOutput() = default;
};

class AudioChannelEvents {
 public:
  // True: the client plays sound from now on. False: no longer.
  virtual void on_audio_wanted(bool wanted) = 0;

 protected:
  ~AudioChannelEvents() = default;
};

class AudioChannel {
 public:
  // A client's own buffer is two packets long (FreeRDP's drops what comes beyond that), so this is also the jitter that
  // it bears.
  static constexpr std::chrono::milliseconds kPcmPacket{40};
  static constexpr std::chrono::milliseconds kLocalRoundTrip{20};
  static constexpr std::chrono::seconds kGapsWithin{30};  // two of them are too many for PCM
  static constexpr std::chrono::seconds kSilence{30};

  AudioChannel(AudioChannelEvents& events, const Clock& clock) noexcept : events_(events), clock_(clock) {}

  // The client has opened the channel, or closed it. `output` is used until it closes.
  void open(AudioOutput& output);
  void close();
  [[nodiscard]] Result<void> receive(std::span<const std::byte> message);

  // Sound to be heard now; dropped when the client plays none, or is behind.
  void play(const AudioBlock& block);

  struct Counts {
    std::uint64_t packets = 0;    // sent
    std::uint64_t bytes = 0;      // of sound in them
    std::uint64_t dropped = 0;    // packets that came too late
    bool opus = false;            // at last
    AudioPacer::Duration line{};  // from sending to confirmation, at last
  };
  [[nodiscard]] Counts counts() const noexcept;

 private:
  enum class State : std::uint8_t { kClosed, kFormats, kTraining, kPlaying, kMute };
  using Time = Clock::Steady;

  [[nodiscard]] Result<void> on_formats(const snd::ClientFormats& client);
  [[nodiscard]] Result<void> on_trained();
  void note_gap();
  void use_opus();
  void send(const AudioPacket& packet);
  [[nodiscard]] std::optional<std::uint16_t> format_for(unsigned rate) const noexcept;
  [[nodiscard]] std::span<const std::byte> encoded(const AudioPacket& packet);
  void flush();

  AudioChannelEvents& events_;
  const Clock& clock_;
  AudioOutput* output_ = nullptr;
  State state_ = State::kClosed;
  bool two_messages_ = false;  // an older client: no Wave2
  bool medium_ = false;
  std::array<std::optional<std::uint16_t>, std::size(kAudioRates)> pcm_;  // the client's number for it, by rate
  std::optional<std::uint16_t> opus_;
  std::optional<OpusCompressor> compressor_;  // when Opus is what is sent
  Time trained_at_{};
  AudioPacker packer_;
  AudioPacer pacer_;
  std::uint64_t gaps_seen_ = 0;
  std::optional<Time> last_gap_;
  Time silent_until_{};
  std::uint8_t block_ = 0;
  Counts counts_;
  snd::Bytes message_;
  std::vector<std::byte> encoded_;
};

}  // namespace tobari::display
