// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to whatever a desktop lets be heard: a QEMU virtual machine, a test tone. It stands beside
// FramebufferSource, which owns it (FramebufferSource::audio()).
//
// Format. Stereo, 16 bit signed, interleaved left first, in the machine's byte order, at 44100 or 48000 samples a
// second; the rate may change from block to block. Sources convert what comes otherwise.
//
// Contract. Between start() and stop() blocks come on a thread of the source's own, in order, each when it is captured
// and about as long as the time since the one before: a source has no queue and never makes one up for lost time.
// Where nothing is played nothing may come. Events only note and wake somebody: they must not block, because a
// virtual machine may wait for the source's thread. stop() returns when no event is running or will come; start() and
// stop() may be repeated. Either may be called whatever the state of the FramebufferSource; what is not running is not
// heard.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include <tobari/base/result.h>

namespace tobari::display {

inline constexpr std::size_t kAudioChannels = 2;
inline constexpr unsigned kAudioRates[] = {48'000, 44'100};  // samples a second and channel; the first is preferred
inline constexpr std::size_t kMaxAudioBlockFrames = 4800;    // one block: at most 100 ms

// A frame is one sample of each channel. The samples are valid during the call only.
struct AudioBlock {
  std::span<const std::int16_t> samples;  // kAudioChannels a frame
  unsigned rate = kAudioRates[0];         // frames a second
  std::chrono::steady_clock::time_point captured;

  [[nodiscard]] std::size_t frames() const noexcept { return samples.size() / kAudioChannels; }
};

class AudioEvents {
 public:
  virtual void on_audio(const AudioBlock& block) = 0;

 protected:
  ~AudioEvents() = default;
};

class AudioSource {
 public:
  virtual ~AudioSource() = default;

  // kInvalidArgument: it is started already.
  [[nodiscard]] virtual Result<void> start(AudioEvents& events) = 0;
  virtual void stop() noexcept = 0;
};

}  // namespace tobari::display
