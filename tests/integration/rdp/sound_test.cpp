// SPDX-License-Identifier: GPL-3.0-or-later
// What a real client plays is what the desktop plays, and only with the grant. The test patterns' desktop plays a tone.
#include <algorithm>

#include <gtest/gtest.h>

#include "capture/tone_source.h"
#include "headless_client.h"
#include "headless_sound.h"
#include "rdp_server.h"
#include "support/pitch.h"

namespace tobari::display::testing {
namespace {

constexpr Size kSoundSize{640, 480};
constexpr std::size_t kSecond = std::size_t{48'000} * kAudioChannels;
constexpr const char* kChannel = "AUDIO_PLAYBACK_DVC";

policy::Grant hearing() {
  policy::Grant grant;
  grant.channels.push_back({"audio.play", "a-rule"});
  return grant;
}

HeadlessClient::Arguments with_sound(const std::string& sound) {
  return {"/u:somebody", "/p:ticket-1", "/size:640x480", "/gfx:RFX", sound};
}

bool has(const std::vector<std::string>& names, const char* name) {
  return std::ranges::find(names, name) != names.end();
}

// A packet that was late is left out, here or by the client's own rule; what is heard is the tone all the same, because
// packets are whole periods of it.
TEST(Sound, PcmIsHeardExactly) {
  HeadlessSound card;
  RdpServer server("card", kSoundSize);
  server.arm("ticket-1", std::chrono::seconds(60), hearing());
  HeadlessClient client(server.port(), with_sound(kSoundArgument));
  const auto heard = card.wait_for(2 * kSecond);
  ASSERT_GE(heard.samples.size(), 2 * kSecond);
  EXPECT_EQ(heard.rate, 48'000U);
  EXPECT_EQ(heard.opened, 1U);
  const auto expected = tone(0, heard.samples.size() / kAudioChannels, 48'000);
  EXPECT_EQ(heard.samples, expected);
  EXPECT_TRUE(has(client.dynamic_channels(), kChannel));
}

TEST(Sound, AClientThatAsksForLessHearsTheToneThroughOpus) {
  HeadlessSound card;
  RdpServer server("card", kSoundSize);
  server.arm("ticket-1", std::chrono::seconds(60), hearing());
  HeadlessClient client(server.port(), with_sound(std::string(kSoundArgument) + ",quality:medium"));
  const auto heard = card.wait_for(2 * kSecond);
  ASSERT_GE(heard.samples.size(), 2 * kSecond);
  EXPECT_EQ(heard.rate, 48'000U);
  EXPECT_NE(heard.samples, tone(0, heard.samples.size() / kAudioChannels, 48'000));
  const std::span settled = std::span(heard.samples).subspan(kSecond / 10, kSecond);
  EXPECT_GT(share_of_tone(settled, 0, kAudioChannels, kToneHertz[0], 48'000), 0.9);
  EXPECT_GT(share_of_tone(settled, 1, kAudioChannels, kToneHertz[1], 48'000), 0.9);
}

TEST(Sound, WithoutTheGrantThereIsNoChannel) {
  HeadlessSound card;
  RdpServer server("card", kSoundSize);
  policy::Grant grant;
  grant.channels.push_back({"resize", "a-rule"});
  server.arm("ticket-1", std::chrono::seconds(60), grant);
  HeadlessClient client(server.port(), with_sound(kSoundArgument));
  const TestPattern expected = testing::card(kSoundSize);
  ASSERT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
  // The display control channel is made in the same breath, so this one would be there by now.
  EXPECT_TRUE(has(client.dynamic_channels(), "Microsoft::Windows::RDS::DisplayControl"));
  EXPECT_FALSE(has(client.dynamic_channels(), kChannel));
  EXPECT_EQ(card.heard().opened, 0U);
}

TEST(Sound, AClientWithoutSoundSeesTheDesktop) {
  RdpServer server("card", kSoundSize);
  server.arm("ticket-1", std::chrono::seconds(60), hearing());
  HeadlessClient client(server.port(), with_sound("/audio-mode:2"));
  const TestPattern expected = testing::card(kSoundSize);
  EXPECT_TRUE(
      client.wait_picture([&expected](const FrameView& s) { return same_picture(s, expected.canvas().view()); }));
  EXPECT_FALSE(
      has(client.dynamic_channels(), kChannel));  // it said so; FreeRDP's would take it, and play into the void
}

TEST(Sound, GoesOnWhenTheDesktopIsExchanged) {
  HeadlessSound card;
  RdpServer server("card", kSoundSize);
  server.arm("ticket-1", std::chrono::seconds(60), hearing());
  HeadlessClient client(server.port(), with_sound(kSoundArgument));
  const auto before = card.wait_for(kSecond / 2);
  ASSERT_GE(before.samples.size(), kSecond / 2);
  server.session().set_source(TestPatternSource::make("card", kSoundSize).value());
  EXPECT_GE(card.wait_for(before.samples.size() + kSecond).samples.size(), before.samples.size() + kSecond);
}

}  // namespace
}  // namespace tobari::display::testing
