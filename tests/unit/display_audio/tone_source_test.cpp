// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of AudioSource, held to by its fake.
#include "capture/tone_source.h"

#include <gtest/gtest.h>

#include "support/ears.h"
#include "support/pitch.h"

namespace tobari::display {
namespace {

using testing::Ears;

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
    EXPECT_TRUE(ears.well_formed());
    source.stop();
    const std::size_t count = ears.heard().size();
    ASSERT_GE(heard.size(), 4800U);
    EXPECT_EQ(heard, tone(0, heard.size() / 2, 48'000));
    source.stop();
    EXPECT_EQ(ears.heard().size(), count);
  }
}

}  // namespace
}  // namespace tobari::display
