// SPDX-License-Identifier: GPL-3.0-or-later
// The sound of a desktop without a desktop: one steady tone a channel, in real time, so that everything behind the seam
// can be run and tested without a sound card or a virtual machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include <tobari/display/audio_source.h>

namespace tobari::display {

// Left and right differ, so that a mix-up is heard.
inline constexpr std::array<unsigned, kAudioChannels> kToneHertz{1000, 600};
inline constexpr int kToneLevel = 8192;  // a quarter of full scale

// `count` frames of the tone from its frame number `first` on.
[[nodiscard]] std::vector<std::int16_t> tone(std::uint64_t first, std::size_t count, unsigned rate);

// start() begins at frame 0; a block every 10 ms. Whoever is late leaves frames out rather than sending them later.
class ToneSource final : public AudioSource {
 public:
  explicit ToneSource(unsigned rate = kAudioRates[0]) noexcept : rate_(rate) {}
  ~ToneSource() override { stop(); }

  [[nodiscard]] Result<void> start(AudioEvents& events) override;
  void stop() noexcept override;

 private:
  void run(const std::stop_token& token, AudioEvents& events) const;
  unsigned rate_;
  std::jthread thread_;
};

}  // namespace tobari::display
