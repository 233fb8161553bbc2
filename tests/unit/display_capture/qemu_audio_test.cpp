// SPDX-License-Identifier: GPL-3.0-or-later
// The sound of QemuDbusSource against a peer that does what QEMU would not. What QEMU does is in
// tests/integration/qemu_display.
#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "capture/qemu_dbus_source.h"
#include "capture/tone_source.h"
#include "contract/framebuffer_source/recorder.h"
#include "fake_qemu.h"
#include "support/ears.h"

namespace tobari::display {
namespace {

using testing::Ears;

class QemuAudioTest : public ::testing::Test {
 protected:
  void SetUp() override {
    source_ = *QemuDbusSource::create(qemu_.take_client_fd(), {});
    ASSERT_TRUE(source_->start(events_));
    ASSERT_TRUE(qemu_.wait_for_listener());
    ASSERT_NE(source_->audio(), nullptr);
    ASSERT_TRUE(source_->audio()->start(ears_));
    ASSERT_TRUE(qemu_.wait_for_ears());
  }
  void TearDown() override { source_->stop(); }

  static constexpr std::uint64_t kVoice = 0x7f0000001234;
  Recorder events_;
  Ears ears_;
  FakeQemu qemu_{FakeQemu::Sound::kCard};
  std::unique_ptr<QemuDbusSource> source_;
};

TEST_F(QemuAudioTest, WhatIsPlayedIsHeard) {
  qemu_.play_voice(kVoice, 48'000, 2, 16);
  for (std::uint64_t i = 0; i < 100; ++i) qemu_.play(kVoice, tone(i * 480, 480, 48'000));
  EXPECT_EQ(ears_.wait_for(96'000), tone(0, 48'000, 48'000));
  EXPECT_EQ(ears_.rate(), 48'000U);
}

TEST_F(QemuAudioTest, TheGuestsMixerIsOursToApply) {
  qemu_.play_voice(kVoice, 44'100, 2, 16);
  qemu_.set_volume(kVoice, false, {255, 51});
  qemu_.play(kVoice, std::array<std::int16_t, 4>{1000, 1000, -32768, -32768});
  EXPECT_EQ(ears_.wait_for(4), (std::vector<std::int16_t>{1000, 200, -32768, -6553}));
  qemu_.set_volume(kVoice, true, {255, 51});
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.set_volume(kVoice, false, {});  // nothing said: as it was
  qemu_.play(kVoice, std::array<std::int16_t, 2>{500, 500});
  qemu_.flush_sound();
  EXPECT_EQ(ears_.heard(), (std::vector<std::int16_t>{1000, 200, -32768, -6553, 500, 100}));
  EXPECT_EQ(ears_.rate(), 44'100U);
}

TEST_F(QemuAudioTest, MonoIsHeardOnBothSides) {
  qemu_.play_voice(kVoice, 48'000, 1, 16);
  qemu_.play(kVoice, std::array<std::int16_t, 3>{1, -2, 3});
  EXPECT_EQ(ears_.wait_for(6), (std::vector<std::int16_t>{1, 1, -2, -2, 3, 3}));
}

TEST_F(QemuAudioTest, FormatsThatAreNotPlayedAreSilent) {
  qemu_.play_voice(kVoice, 96'000, 2, 16);
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.play_voice(kVoice, 48'000, 2, 32);
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.play_voice(kVoice, 48'000, 0, 16);
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.play_voice(kVoice, 48'000, 2, 16, false);
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.flush_sound();
  EXPECT_TRUE(ears_.heard().empty());
}

TEST_F(QemuAudioTest, AVoiceThatIsNotThereIsSilent) {
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.play_voice(kVoice, 48'000, 2, 16);
  qemu_.play(kVoice + 1, std::array<std::int16_t, 2>{3, 4});
  qemu_.end_voice(kVoice);
  qemu_.play(kVoice, std::array<std::int16_t, 2>{5, 6});
  qemu_.flush_sound();
  EXPECT_TRUE(ears_.heard().empty());
}

TEST_F(QemuAudioTest, AWriteOfAnySizeIsBounded) {
  qemu_.play_voice(kVoice, 48'000, 2, 16);
  qemu_.play(kVoice, std::vector<std::int16_t>(4'000'000));
  qemu_.play(kVoice, std::array<std::int16_t, 1>{7});  // less than a frame
  qemu_.play(kVoice, {});
  qemu_.flush_sound();
  EXPECT_LE(ears_.largest(), kMaxAudioBlockFrames);
  EXPECT_EQ(ears_.heard().size(), kMaxAudioBlockFrames * kAudioChannels);
}

TEST_F(QemuAudioTest, NothingIsHeardBetweenStopAndStart) {
  qemu_.play_voice(kVoice, 48'000, 2, 16);
  source_->audio()->stop();
  qemu_.play(kVoice, std::array<std::int16_t, 2>{1, 2});
  qemu_.flush_sound();
  EXPECT_TRUE(ears_.heard().empty());
  ASSERT_TRUE(source_->audio()->start(ears_));
  EXPECT_FALSE(source_->audio()->start(ears_));
  qemu_.play(kVoice, std::array<std::int16_t, 2>{3, 4});
  EXPECT_EQ(ears_.wait_for(2), (std::vector<std::int16_t>{3, 4}));
}

TEST_F(QemuAudioTest, TheMachineMayEndWhileItPlays) {
  qemu_.play_voice(kVoice, 48'000, 2, 16);
  for (int i = 0; i < 1000; ++i) qemu_.play(kVoice, tone(0, 480, 48'000));
  qemu_.hang_up();
  ASSERT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
  source_->audio()->stop();
}

TEST(QemuWithoutSound, IsShownAllTheSame) {
  Recorder events;
  Ears ears;
  FakeQemu qemu;
  const auto source = *QemuDbusSource::create(qemu.take_client_fd(), {});
  ASSERT_TRUE(source->audio()->start(ears));  // may come before the picture's
  ASSERT_TRUE(source->start(events));
  ASSERT_TRUE(qemu.wait_for_listener());
  EXPECT_EQ(qemu.scanout(16, 16, 64, 0x20020888, 1024, 0x55), "");
  EXPECT_TRUE(events.wait_for_surface());
  EXPECT_TRUE(events.seen().losses.empty());
  source->stop();
  source->audio()->stop();
}

}  // namespace
}  // namespace tobari::display
