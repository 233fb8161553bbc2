// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts a stream of sound into packets of one length and leaves silence out. Pure: times are the blocks' own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/display/audio_source.h>

namespace tobari::display {

struct AudioPacket {
  std::vector<std::int16_t> samples;
  unsigned rate = 0;
  std::chrono::steady_clock::time_point captured;  // of its last block
};

class AudioPacker {
 public:
  // Silence is sent for this long before it is left out, so that a pause between two words is not two starts.
  static constexpr std::chrono::milliseconds kHangover{200};
  // A longer hole in the stream means that it ended: what waited for the rest of its packet is old.
  static constexpr std::chrono::milliseconds kStale{100};

  // Of each packet from now on; what waits stays.
  void set_length(std::chrono::milliseconds length) noexcept { length_ = length; }

  // Blocks longer than kMaxAudioBlockFrames are cut.
  void add(const AudioBlock& block);
  // The next whole packet that is to be heard.
  [[nodiscard]] std::optional<AudioPacket> next();
  void clear();

 private:
  [[nodiscard]] bool is_silence(std::size_t samples) const noexcept;

  std::chrono::milliseconds length_{20};
  std::vector<std::int16_t> waiting_;
  unsigned rate_ = 0;
  std::chrono::steady_clock::time_point captured_{};
  std::chrono::milliseconds silent_ = kHangover;  // how long already; at first there was nothing
};

}  // namespace tobari::display
