// SPDX-License-Identifier: GPL-3.0-or-later
// A sound card for HeadlessClient: a playback device of FreeRDP's rdpsnd plugin that remembers what it is given. The
// plugin itself is FreeRDP's own: formats, training, confirmations, decoders and buffer limits are those of xfreerdp3.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tobari::display::testing {

// With kSoundArgument a client plays into the card that was current when it was made.
inline constexpr const char* kSoundArgument = "/sound:sys:record";

class HeadlessSound {
 public:
  HeadlessSound();   // becomes the current one
  ~HeadlessSound();  // after the client
  HeadlessSound(const HeadlessSound&) = delete;
  HeadlessSound& operator=(const HeadlessSound&) = delete;

  // FreeRDP finds the device by this from now on, once a client context was made.
  static void install();

  // ---- any thread
  struct Heard {
    std::vector<std::int16_t> samples;  // interleaved
    unsigned rate = 0;
    std::size_t opened = 0;  // times
  };
  [[nodiscard]] Heard heard();
  [[nodiscard]] Heard wait_for(std::size_t samples);

 private:
  friend struct SoundDevice;
  std::mutex mutex_;
  std::condition_variable changed_;
  Heard heard_;
};

}  // namespace tobari::display::testing
