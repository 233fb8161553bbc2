// SPDX-License-Identifier: GPL-3.0-or-later
// What was sealed can be read again, from any place, by its reader alone.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <tobari/recording/recording.h>

#include "sample.h"

namespace tobari::recording {
namespace {

std::vector<std::string> texts(const Bytes& content) {
  std::vector<std::string> all;
  Events events(content);
  for (;;) {
    const auto event = events.next().value();
    if (!event) return all;
    all.emplace_back(reinterpret_cast<const char*>(event->data.data()), event->data.size());
  }
}

TEST(Container, EverythingComesBack) {
  const Sample sample;
  Recording recording = Recording::over(sample.bytes).value();
  EXPECT_EQ(recording.header().session, kSession);
  EXPECT_EQ(recording.header().begun_ms, 1'764'230'400'000);
  ASSERT_TRUE(recording.unlock(sample.keys.secret));
  std::uint64_t at = Recording::first();
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto chunk = recording.read(at).value();
    EXPECT_EQ(chunk.head.number, i);
    EXPECT_EQ(chunk.head.time_us, i * 1000);
    EXPECT_EQ(texts(chunk.events), (std::vector<std::string>{"picture " + std::to_string(i), "place"}));
    at = chunk.next;
  }
  const auto end = recording.read(at).value();
  EXPECT_EQ(end.head.flags, kEnd);
  EXPECT_EQ(texts(end.events).front(), "the client left");
  EXPECT_EQ(recording.end_us().value(), 5000U);
}

TEST(Container, PlacesToBeginAreInTheIndexWithTheirSize) {
  const Sample sample;
  Recording recording = Recording::over(sample.bytes).value();
  ASSERT_TRUE(recording.unlock(sample.keys.secret));
  const auto points = recording.points().value();
  ASSERT_EQ(points.size(), 3U);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].time_us, i * 2000);
    EXPECT_EQ(points[i].offset, sample.pieces[1 + 2 * i]);
    EXPECT_EQ(points[i].flags, kStart);
    EXPECT_EQ(points[i].width, 800);
    EXPECT_EQ(points[i].height, 600);
  }
}

TEST(Container, WithoutAnEndPlacesAreFoundByTheHeads) {
  const Sample sample(5, false);
  Recording recording = Recording::over(sample.bytes).value();
  ASSERT_TRUE(recording.unlock(sample.keys.secret));
  EXPECT_EQ(recording.end_us().value(), std::nullopt);
  const auto points = recording.points().value();
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[2].offset, sample.pieces[5]);
  const auto verified = recording.verify().value();
  EXPECT_FALSE(verified.ended);
  EXPECT_EQ(verified.whole, sample.bytes.size());
}

TEST(Container, TheHashIsThatOfAllBlakeKnows) {
  const Sample sample;
  const auto verified = Recording::over(sample.bytes).value().verify().value();
  EXPECT_TRUE(verified.ended);
  EXPECT_EQ(verified.chunks, 6U);
  EXPECT_EQ(verified.duration_us, 5000U);
  const View all = sample.bytes;
  const std::size_t last = sample.pieces.back();
  EXPECT_EQ(verified.hash, hash_of(all.subspan(last, all.size() - last - kTrailerBytes)));
}

TEST(Container, NobodyElseReadsIt) {
  const Sample sample;
  Recording recording = Recording::over(sample.bytes).value();
  EXPECT_EQ(recording.read(Recording::first()).error().code, Errc::kPermissionDenied);
  EXPECT_EQ(recording.points().error().code, Errc::kPermissionDenied);
  EXPECT_EQ(recording.unlock(make_key_pair().secret).error().code, Errc::kPermissionDenied);
  const std::string bytes(reinterpret_cast<const char*>(sample.bytes.data()), sample.bytes.size());
  EXPECT_EQ(bytes.find("picture"), std::string::npos);
  EXPECT_EQ(bytes.find("the client left"), std::string::npos);
}

TEST(Container, TwoRecordingsHaveTwoKeys) {
  Sample one;
  const Sealer again = Sealer::create(one.keys.public_key, kSession, 0).value();
  const Header first = parse_header(one.bytes).value();
  const Header second = parse_header(again.header()).value();
  EXPECT_NE(unseal(first, one.keys.secret).value().bytes(), unseal(second, one.keys.secret).value().bytes());
}

TEST(Container, WhatRepeatsShrinksAndWhatDoesNotIsNotBlownUp) {
  const KeyPair keys = make_key_pair();
  Sealer sealer = Sealer::create(keys.public_key, kSession, 0).value();
  Bytes same(1'000'000, std::byte{7});
  EXPECT_LT(sealer.seal({}, same).size(), 2000U);
  Bytes noise(100'000);
  std::uint32_t state = 1;
  for (std::byte& b : noise) {
    state = state * 1664525U + 1013904223U;
    b = static_cast<std::byte>(state >> 24);
  }
  EXPECT_LE(sealer.seal({}, noise).size(), noise.size() + kChunkHeadBytes + kPackingBytes + kTagBytes);
}

TEST(Container, AFileIsReadAsItIs) {
  const Sample sample;
  const auto path = std::filesystem::temp_directory_path() / "container_test.tbrec";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(sample.bytes.data()), static_cast<std::streamsize>(sample.bytes.size()));
  Recording recording = Recording::open(path).value();
  EXPECT_EQ(recording.size(), sample.bytes.size());
  ASSERT_TRUE(recording.unlock(sample.keys.secret));
  EXPECT_TRUE(recording.verify().value().ended);
  std::filesystem::remove(path);
  EXPECT_EQ(Recording::open(path).error().code, Errc::kNotFound);
}

TEST(Container, NoRecordingIsNone) {
  EXPECT_FALSE(Recording::over({}));
  const Bytes zeros(1000);
  EXPECT_EQ(Recording::over(zeros).error().code, Errc::kPeerProtocol);
  Sample sample;
  sample.bytes[8] = std::byte{2};  // the version
  EXPECT_NE(Recording::over(sample.bytes).error().message.find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace tobari::recording
