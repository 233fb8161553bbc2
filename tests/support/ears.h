// SPDX-License-Identifier: GPL-3.0-or-later
// Listens to an AudioSource and keeps all that it hears.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <tobari/display/audio_source.h>

namespace tobari::display::testing {

class Ears final : public AudioEvents {
 public:
  void on_audio(const AudioBlock& block) override {
    {
      const std::scoped_lock lock(mutex_);
      samples_.insert(samples_.end(), block.samples.begin(), block.samples.end());
      well_formed_ = well_formed_ && block.samples.size() % kAudioChannels == 0 &&
                     block.frames() <= kMaxAudioBlockFrames && block.captured >= last_;
      last_ = block.captured;
      largest_ = std::max(largest_, block.frames());
      rate_ = block.rate;
    }
    changed_.notify_all();
  }
  // What was heard when it was so much, or after half a minute.
  [[nodiscard]] std::vector<std::int16_t> wait_for(std::size_t samples) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [this, samples] { return samples_.size() >= samples; });
    return samples_;
  }
  [[nodiscard]] std::vector<std::int16_t> heard() { return wait_for(0); }
  [[nodiscard]] std::size_t largest() { return get(largest_); }  // block, in frames
  [[nodiscard]] unsigned rate() { return get(rate_); }           // of the last block
  // Every block had whole frames, a length within the limit, and was captured after the one before.
  [[nodiscard]] bool well_formed() { return get(well_formed_); }

 private:
  template <class T>
  [[nodiscard]] T get(const T& value) {
    const std::scoped_lock lock(mutex_);
    return value;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::int16_t> samples_;
  std::chrono::steady_clock::time_point last_;
  std::size_t largest_ = 0;
  unsigned rate_ = 0;
  bool well_formed_ = true;
};

}  // namespace tobari::display::testing
