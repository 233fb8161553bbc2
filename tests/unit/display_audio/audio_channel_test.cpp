// SPDX-License-Identifier: GPL-3.0-or-later
// The audio channel against a client in memory, on a clock of the test's.
#include "rdp/audio_channel.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "capture/tone_source.h"
#include "rdp/wire.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using snd::Bytes;

// Reads what the server says, and answers as a client does.
class FakeClient final : public AudioOutput, public AudioChannelEvents {
 public:
  struct Wave {
    std::uint16_t format;
    std::uint8_t block;
    std::uint32_t captured;
    Bytes data;
  };

  explicit FakeClient(const Clock& clock) : channel(static_cast<AudioChannelEvents&>(*this), clock) {}

  void send_audio(std::span<const std::byte> message) override {
    if (rest_of_wave) {
      waves.back().data.insert(waves.back().data.end(), message.begin() + 4, message.end());
      rest_of_wave = false;
      return;
    }
    WireReader in(message);
    const unsigned type = in.u8();
    in.skip(1);
    const std::size_t body = in.u16();
    if (type == 7) {
      in.skip(14);
      offered.resize(in.u16());
      in.skip(4);
      for (auto& f : offered) {
        f.tag = in.u16();
        f.channels = in.u16();
        f.rate = in.u32();
        f.bytes_per_second = in.u32();
        f.block_align = in.u16();
        f.bits = in.u16();
        in.skip(2);
      }
    } else if (type == 6) {
      ++trainings;
    } else {
      Wave wave{};
      in.skip(2);
      wave.format = in.u16();
      wave.block = in.u8();
      in.skip(3);
      if (type == 13) wave.captured = in.u32();
      rest_of_wave = type == 2;
      const auto data = in.bytes(in.remaining());
      wave.data.assign(data.begin(), data.end());
      if (rest_of_wave) {
        EXPECT_EQ(data.size(), 4U);
        said = body - 8;
      }
      waves.push_back(std::move(wave));
    }
    EXPECT_TRUE(in.ok());
  }
  void on_audio_wanted(bool wanted_now) override { wanted = wanted_now; }

  // ---- what it says
  [[nodiscard]] static Bytes message(unsigned type, const Bytes& body) {
    Bytes out;
    WireWriter w(out);
    w.u8(type);
    w.u8(0U);
    w.u16(body.size());
    w.bytes(body);
    return out;
  }
  [[nodiscard]] static Bytes formats(const std::vector<snd::Format>& list, unsigned version = 8) {
    Bytes body;
    WireWriter w(body);
    w.zeros(14);
    w.u16(list.size());
    w.u8(0U);
    w.u16(version);
    w.u8(0U);
    for (const auto& f : list) {
      w.u16(f.tag);
      w.u16(f.channels);
      w.u32(f.rate);
      w.u32(f.bytes_per_second);
      w.u16(f.block_align);
      w.u16(f.bits);
      w.u16(0U);
    }
    return message(7, body);
  }
  [[nodiscard]] static Bytes trained() { return message(6, Bytes(4)); }
  [[nodiscard]] static Bytes confirm(std::uint8_t block) {
    return message(5, {std::byte{0}, std::byte{0}, static_cast<std::byte>(block), std::byte{0}});
  }
  [[nodiscard]] static Bytes medium() { return message(12, {std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}}); }

  AudioChannel channel;
  std::vector<snd::Format> offered;
  std::vector<Wave> waves;
  int trainings = 0;
  bool wanted = false;
  bool rest_of_wave = false;
  std::size_t said = 0;  // of the sound, in the first of two messages
};

class AudioChannelTest : public ::testing::Test {
 protected:
  // As far as playing; `formats` by their positions in what is offered.
  void connect(const std::vector<std::size_t>& formats, std::chrono::milliseconds round_trip = 1ms,
               unsigned version = 8, bool medium = false) {
    client.channel.open(client);
    std::vector<snd::Format> list;
    for (const std::size_t i : formats) list.push_back(client.offered.at(i));
    ASSERT_TRUE(client.channel.receive(FakeClient::formats(list, version)));
    if (medium) {
      ASSERT_TRUE(client.channel.receive(FakeClient::medium()));
    }
    clock.advance(round_trip);
    if (client.trainings > 0) {
      ASSERT_TRUE(client.channel.receive(FakeClient::trained()));
    }
  }
  // 10 ms of the tone.
  void play(unsigned rate = 48'000) {
    const auto samples = tone(frame, rate / 100, rate);
    frame += rate / 100;
    clock.advance(10ms);
    client.channel.play({samples, rate, clock.now()});
  }
  void confirm_all() {
    for (; confirmed < client.waves.size(); ++confirmed) {
      ASSERT_TRUE(client.channel.receive(FakeClient::confirm(client.waves[confirmed].block)));
    }
  }
  [[nodiscard]] std::vector<std::int16_t> heard() const {
    std::vector<std::int16_t> samples;
    for (const auto& wave : client.waves) {
      WireReader in(wave.data);
      while (in.remaining() >= 2) samples.push_back(static_cast<std::int16_t>(in.u16()));
    }
    return samples;
  }

  static constexpr std::size_t kPcm48 = 0, kPcm44 = 1, kOpus = 2;
  ManualClock clock;
  FakeClient client{clock};
  std::uint64_t frame = 0;
  std::size_t confirmed = 0;
};

TEST_F(AudioChannelTest, PcmArrivesAsItWasPlayed) {
  connect({kPcm48, kPcm44, kOpus});
  EXPECT_TRUE(client.wanted);
  for (int i = 0; i < 400; ++i) {
    play();
    confirm_all();
  }
  EXPECT_EQ(client.waves.size(), 100U);  // of 40 ms
  EXPECT_EQ(heard(), tone(0, 400 * 480, 48'000));
  for (std::size_t i = 0; i < client.waves.size(); ++i) {
    EXPECT_EQ(client.waves[i].block, i);
    EXPECT_EQ(client.waves[i].format, 0);
  }
  EXPECT_EQ(client.waves[1].captured - client.waves[0].captured, 40U);
}

TEST_F(AudioChannelTest, BlocksAreCountedModulo256) {
  connect({kPcm48});
  for (int i = 0; i < 300 * 4; ++i) {
    play();
    confirm_all();
  }
  ASSERT_EQ(client.waves.size(), 300U);
  EXPECT_EQ(client.waves[256].block, 0);
}

TEST_F(AudioChannelTest, AnOlderClientGetsTwoMessages) {
  connect({kPcm44, kPcm48}, 1ms, 6);
  for (int i = 0; i < 4; ++i) play();
  ASSERT_EQ(client.waves.size(), 1U);
  EXPECT_EQ(client.said, client.waves[0].data.size());
  EXPECT_EQ(client.waves[0].format, 1);  // as the client numbers them
  EXPECT_EQ(heard(), tone(0, 4 * 480, 48'000));
}

TEST_F(AudioChannelTest, TheOtherRateIsPlayedAsItIs) {
  connect({kPcm48, kPcm44, kOpus});
  for (int i = 0; i < 4; ++i) play(44'100);
  ASSERT_EQ(client.waves.size(), 1U);
  EXPECT_EQ(client.waves[0].format, 1);
  EXPECT_EQ(heard(), tone(0, 4 * 441, 44'100));
}

TEST_F(AudioChannelTest, ARateThatTheClientDoesNotPlayIsLeftOut) {
  connect({kPcm48});
  for (int i = 0; i < 40; ++i) play(44'100);
  EXPECT_TRUE(client.waves.empty());
}

TEST_F(AudioChannelTest, AFarClientGetsOpus) {
  connect({kPcm48, kPcm44, kOpus}, 60ms);
  for (int i = 0; i < 100; ++i) {
    play();
    confirm_all();
  }
  ASSERT_EQ(client.waves.size(), 50U);
  std::size_t bytes = 0;
  for (const auto& wave : client.waves) {
    EXPECT_EQ(wave.format, 2);
    bytes += wave.data.size();
  }
  EXPECT_LT(bytes, 48'000 * 4 / 8);  // a second of PCM
  EXPECT_TRUE(client.channel.counts().opus);
}

// The first of an older client's two messages takes four bytes of sound, and steady sound is less.
TEST_F(AudioChannelTest, AnOlderClientGetsSteadyOpusWhole) {
  connect({kOpus}, 60ms, 6);
  const std::vector<std::int16_t> steady(480 * 2, 1000);
  for (int i = 0; i < 100; ++i) {
    clock.advance(10ms);
    client.channel.play({steady, 48'000, clock.now()});
    confirm_all();
    if (!client.waves.empty()) {
      ASSERT_EQ(client.said, client.waves.back().data.size());
    }
  }
  EXPECT_EQ(client.waves.size(), 50U);
}

TEST_F(AudioChannelTest, AClientThatAsksForLessGetsOpus) {
  connect({kPcm48, kOpus}, 1ms, 8, true);
  for (int i = 0; i < 4; ++i) play();
  ASSERT_EQ(client.waves.size(), 2U);
  EXPECT_EQ(client.waves[0].format, 1);
}

TEST_F(AudioChannelTest, AFarClientWithoutOpusGetsPcm) {
  connect({kPcm48}, 60ms);
  for (int i = 0; i < 4; ++i) play();
  EXPECT_EQ(client.waves.size(), 1U);
}

TEST_F(AudioChannelTest, PcmThatIsLateTwiceBecomesOpus) {
  connect({kPcm48, kOpus});
  const auto stall = [this] {
    for (int i = 0; i < 60; ++i) play();  // unconfirmed
    confirm_all();
  };
  stall();
  for (int i = 0; i < 8; ++i) play();
  confirm_all();
  EXPECT_FALSE(client.channel.counts().opus);
  EXPECT_GT(client.channel.counts().dropped, 0U);
  stall();
  const std::size_t before = client.waves.size();
  for (int i = 0; i < 8; ++i) play();
  EXPECT_TRUE(client.channel.counts().opus);
  ASSERT_GT(client.waves.size(), before);
  EXPECT_EQ(client.waves.back().format, 1);
}

TEST_F(AudioChannelTest, WhatIsLateIsDroppedAndNotKept) {
  connect({kPcm48});
  for (int i = 0; i < 100; ++i) play();  // a second of which nothing is confirmed
  EXPECT_LE(client.waves.size(), 4U);
  confirm_all();
  const std::size_t before = client.waves.size();
  for (int i = 0; i < 8; ++i) play();
  ASSERT_EQ(client.waves.size(), before + 2);
  // What comes then is what is played then.
  const auto samples = heard();
  const auto fresh = tone(0, 240, 48'000);  // the period of both tones
  EXPECT_TRUE(std::equal(fresh.begin(), fresh.end(), samples.end() - 1920 * 2));
}

TEST_F(AudioChannelTest, PcmThatDoesNotFitLeavesTheLineToThePictures) {
  connect({kPcm48});
  for (int i = 0; i < 29 * 100; ++i) play();  // a client that confirms nothing is as a line that carries nothing
  const std::size_t tried = client.waves.size();
  EXPECT_GE(tried, 5U);
  EXPECT_LE(tried, 10U);
  for (int i = 0; i < 5 * 100; ++i) play();
  EXPECT_GT(client.waves.size(), tried) << "it is tried again";
}

TEST_F(AudioChannelTest, SilenceSendsNothing) {
  connect({kPcm48, kOpus});
  const std::vector<std::int16_t> silence(960);
  for (int i = 0; i < 1000; ++i) {
    clock.advance(10ms);
    client.channel.play({silence, 48'000, clock.now()});
  }
  EXPECT_TRUE(client.waves.empty());
}

TEST_F(AudioChannelTest, AClientThatPlaysNoneOfOursIsLeftAlone) {
  client.channel.open(client);
  ASSERT_TRUE(client.channel.receive(FakeClient::formats({{2, 2, 44'100, 44'359, 2048, 4}})));
  EXPECT_EQ(client.trainings, 0);
  for (int i = 0; i < 10; ++i) play();
  EXPECT_TRUE(client.waves.empty());
  EXPECT_FALSE(client.wanted);
}

TEST_F(AudioChannelTest, NothingIsSentBeforeTheTrainingOrAfterTheEnd) {
  client.channel.open(client);
  for (int i = 0; i < 10; ++i) play();
  EXPECT_TRUE(client.waves.empty());
  ASSERT_TRUE(client.channel.receive(FakeClient::formats({client.offered[0]})));
  for (int i = 0; i < 10; ++i) play();
  EXPECT_TRUE(client.waves.empty());
  ASSERT_TRUE(client.channel.receive(FakeClient::trained()));
  client.channel.close();
  EXPECT_FALSE(client.wanted);
  for (int i = 0; i < 10; ++i) play();
  EXPECT_TRUE(client.waves.empty());
  EXPECT_TRUE(client.channel.receive(FakeClient::trained()));  // was under way when it closed
}

TEST_F(AudioChannelTest, MessagesOutOfTurnEndTheSession) {
  const auto refused = [this](const Bytes& message) {
    const auto result = client.channel.receive(message);
    return !result && result.error().code == Errc::kPeerProtocol;
  };
  client.channel.open(client);
  EXPECT_TRUE(refused(FakeClient::trained()));
  EXPECT_TRUE(refused(FakeClient::confirm(0)));
  EXPECT_TRUE(refused(FakeClient::medium()));
  ASSERT_TRUE(client.channel.receive(FakeClient::formats({client.offered[0]})));
  EXPECT_TRUE(refused(FakeClient::formats({client.offered[0]})));
  ASSERT_TRUE(client.channel.receive(FakeClient::trained()));
  EXPECT_TRUE(refused(FakeClient::trained()));
}

TEST_F(AudioChannelTest, AFloodOfConfirmationsChangesNothing) {
  connect({kPcm48});
  for (int i = 0; i < 100; ++i) {
    for (int flood = 0; flood < 1000; ++flood) {
      ASSERT_TRUE(client.channel.receive(FakeClient::confirm(static_cast<std::uint8_t>(flood))));
    }
    play();
  }
  EXPECT_EQ(client.waves.size(), 25U);
  EXPECT_EQ(heard(), tone(0, 100 * 480, 48'000));
}

}  // namespace
}  // namespace tobari::display
