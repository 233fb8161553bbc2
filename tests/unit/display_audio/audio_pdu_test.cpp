// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/audio_pdu.h"

#include <random>

#include <gmock/gmock.h>

namespace tobari::display::snd {
namespace {

using ::testing::ElementsAreArray;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

// What xfreerdp3 answers when it plays the first of our formats.
Bytes client_formats(int count = 1) {
  Bytes message = bytes({7, 0, 20 + 18 * count, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count, 0, 0, 8, 0, 0});
  const Bytes pcm = bytes({1, 0, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xEE, 2, 0, 4, 0, 16, 0, 0, 0});
  for (int i = 0; i < count; ++i) message.insert(message.end(), pcm.begin(), pcm.end());
  return message;
}

TEST(AudioPdu, WritesTheFormats) {
  Bytes out;
  const Format pcm{kTagPcm, 2, 48'000, 192'000, 4, 16};
  server_formats(std::span(&pcm, 1), out);
  EXPECT_THAT(out, ElementsAreArray(bytes({7, 0, 38,   0,                                         // header
                                           0, 0, 0,    0, 0,    0,    0, 0, 0, 0,    0, 0, 0, 0,  // unused
                                           1, 0, 0xFF, 8, 0,    0,  // count, block, version
                                           1, 0, 2,    0, 0x80, 0xBB, 0, 0, 0, 0xEE, 2, 0, 4, 0, 16, 0, 0, 0})));
}

TEST(AudioPdu, WritesWavesAsBothVersionsHaveThem) {
  const Bytes data = bytes({1, 2, 3, 4, 5, 6});
  const Wave one{.timestamp = 0xA116, .format = 3, .block = 2, .captured = 0x0DACB8C2, .data = data};
  Bytes out;
  wave2(one, out);
  EXPECT_THAT(out, ElementsAreArray(
                       bytes({13, 0, 18, 0, 0x16, 0xA1, 3, 0, 2, 0, 0, 0, 0xC2, 0xB8, 0xAC, 0x0D, 1, 2, 3, 4, 5, 6})));
  out.clear();
  wave_info(one, out);
  EXPECT_THAT(out, ElementsAreArray(bytes({2, 0, 14, 0, 0x16, 0xA1, 3, 0, 2, 0, 0, 0, 1, 2, 3, 4})));
  out.clear();
  wave(one, out);
  EXPECT_THAT(out, ElementsAreArray(bytes({0, 0, 0, 0, 5, 6})));
}

TEST(AudioPdu, ReadsWhatClientsSay) {
  const auto formats = parse(client_formats(2));
  ASSERT_TRUE(formats) << describe(formats.error());
  const auto* list = std::get_if<ClientFormats>(&*formats);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->version, 8);
  ASSERT_EQ(list->formats.size(), 2U);
  EXPECT_EQ(list->formats[1].rate, 48'000U);
  EXPECT_EQ(list->formats[1].bits, 16);

  const auto confirm = parse(bytes({5, 0, 4, 0, 0x34, 0x12, 77, 0}));
  ASSERT_TRUE(confirm);
  EXPECT_EQ(std::get<WaveConfirm>(*confirm).block, 77);
  const auto trained = parse(bytes({6, 0, 4, 0, 0x34, 0x12, 0, 4}));
  ASSERT_TRUE(trained);
  EXPECT_EQ(std::get<TrainingConfirm>(*trained).timestamp, 0x1234);
  const auto quality = parse(bytes({12, 0, 4, 0, 1, 0, 0, 0}));
  ASSERT_TRUE(quality);
  EXPECT_EQ(std::get<QualityMode>(*quality).mode, kMediumQuality);
}

TEST(AudioPdu, RefusesAbsurdCounts) {
  Bytes many = client_formats(2);
  for (const int count : {3, 65, 255}) {
    many[18] = static_cast<std::byte>(count);
    EXPECT_FALSE(parse(many)) << count;
  }
  many[18] = many[19] = std::byte{0xFF};
  EXPECT_FALSE(parse(many));
  Bytes long_format = client_formats(2);
  long_format[4 + 20 + 16] = long_format[4 + 20 + 17] = std::byte{0xFF};  // what follows the first
  EXPECT_FALSE(parse(long_format));
  // As many as there may be, and one more.
  Bytes full = client_formats(0);
  for (std::size_t i = 0; i <= kMaxClientFormats; ++i) full.resize(full.size() + 18);
  const auto set_count = [&full](std::size_t count) {
    full.resize(24 + count * 18);
    full[18] = static_cast<std::byte>(count);
    full[2] = static_cast<std::byte>((full.size() - 4) & 0xFF);
    full[3] = static_cast<std::byte>((full.size() - 4) >> 8);
  };
  set_count(kMaxClientFormats + 1);
  EXPECT_FALSE(parse(full));
  set_count(kMaxClientFormats);
  EXPECT_TRUE(parse(full));
}

TEST(AudioPdu, RefusesEveryCutMessage) {
  for (const Bytes& whole : {client_formats(3), bytes({5, 0, 4, 0, 0x34, 0x12, 77, 0}), bytes({6, 0, 4, 0, 1, 2, 3, 4}),
                             bytes({12, 0, 4, 0, 1, 0, 0, 0})}) {
    ASSERT_TRUE(parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(std::span(whole).first(size))) << size;
  }
}

TEST(AudioPdu, RefusesWhatNoClientSends) {
  for (const int type : {0, 1, 2, 3, 4, 8, 9, 10, 11, 13, 14, 255}) {
    EXPECT_FALSE(parse(bytes({type, 0, 4, 0, 0, 0, 0, 0}))) << type;
  }
}

TEST(AudioPdu, SurvivesNoise) {
  std::mt19937 random(7);
  for (int i = 0; i < 100'000; ++i) {
    Bytes message = client_formats(static_cast<int>(random() % 5));
    for (auto n = random() % 6; n > 0; --n) message[random() % message.size()] = static_cast<std::byte>(random());
    message.resize(random() % 3 == 0 ? random() % (message.size() + 1) : message.size());
    const auto parsed = parse(message);
    if (!parsed) {
      EXPECT_EQ(parsed.error().code, Errc::kPeerProtocol);
    }
  }
}

}  // namespace
}  // namespace tobari::display::snd
