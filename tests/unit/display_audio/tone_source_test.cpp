// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of AudioSource, held to by its fake.
#include "capture/tone_source.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "support/pitch.h"

namespace tobari::display {
namespace {

class Ears final : public AudioEvents {
 public:
  void on_audio(const AudioBlock& block) override {
    {
      const std::scoped_lock lock(mutex_);
      samples_.insert(samples_.end(), block.samples.begin(), block.samples.end());
      well_formed_ = well_formed_ && block.samples.size() % kAudioChannels == 0 &&
                     block.frames() <= kMaxAudioBlockFrames && block.captured >= last_;
      last_ = block.captured;
    }
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::int16_t> wait_for(std::size_t samples) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [this, samples] { return samples_.size() >= samples; });
    EXPECT_TRUE(well_formed_);
    return samples_;
  }
  [[nodiscard]] std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return samples_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::int16_t> samples_;
  std::chrono::steady_clock::time_point last_;
  bool well_formed_ = true;
};

TEST(ToneSource, IsTheToneOnEachChannel) {
  for (const unsigned rate : kAudioRates) {
    const auto second = tone(0, rate, rate);
    for (std::size_t channel = 0; channel < kAudioChannels; ++channel) {
      EXPECT_GT(testing::share_of_tone(second, channel, kAudioChannels, kToneHertz[channel], rate), 0.999);
    }
    const auto later = tone(rate * std::uint64_t{1'000'000}, rate, rate);
    EXPECT_EQ(later, second);
  }
}

TEST(ToneSource, PlaysFromItsBeginningEachTimeItIsStarted) {
  ToneSource source;
  for (int round = 0; round < 2; ++round) {
    Ears ears;
    ASSERT_TRUE(source.start(ears));
    EXPECT_FALSE(source.start(ears));
    const auto heard = ears.wait_for(4800);
    source.stop();
    const std::size_t count = ears.count();
    ASSERT_GE(heard.size(), 4800U);
    EXPECT_EQ(heard, tone(0, heard.size() / 2, 48'000));
    source.stop();
    EXPECT_EQ(ears.count(), count);
  }
}

}  // namespace
}  // namespace tobari::display
