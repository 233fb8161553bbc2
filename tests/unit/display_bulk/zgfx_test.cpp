// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/zgfx.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tobari/display/encoder.h>

#include "bulk/rdp8_tokens.h"
#include "bulk_client.h"
#include "messages.h"

namespace tobari::display {
namespace {

using testing::BulkClient;
using testing::Message;
using testing::MessageSource;
using testing::Random;
using testing::random_bytes;

constexpr std::size_t kMiB = std::size_t{1} << 20;

// The size without any compression: one byte of envelope and one of header, or 7 and 5 for each segment.
std::size_t plain_size(std::size_t message) {
  if (message <= SegmentedWriter::kMaxSegment) return message + 2;
  return message + 7 + 5 * ((message + SegmentedWriter::kMaxSegment - 1) / SegmentedWriter::kMaxSegment);
}

// Both ends of a channel.
class Channel {
 public:
  void set_line(std::optional<std::size_t> bytes_per_second, bool soon = false) {
    writer_.set_line(bytes_per_second, soon);
  }

  // Bytes on the wire; a failure when the client gets anything else than the message.
  std::size_t carry(const Message& message) {
    Message wrapped;
    writer_.wrap(message, wrapped);
    EXPECT_LE(wrapped.size(), plain_size(message.size()));
    const auto received = client_.receive(wrapped);
    EXPECT_TRUE(received && *received == message)
        << (received ? "wrong" : "refused") << ": " << message.size() << " bytes";
    return wrapped.size();
  }

 private:
  SegmentedWriter writer_;
  BulkClient client_;
};

// TOBARI_PROPERTY_RUNS: how many messages; the history comes round every few hundred of them.
int property_runs() {
  const char* const wish = std::getenv("TOBARI_PROPERTY_RUNS");
  return wish == nullptr ? 1500 : std::atoi(wish);
}

TEST(Zgfx, EveryMessageArrives) {
  MessageSource source(2);
  Random random(3);
  Channel channel;
  const int runs = property_runs();
  for (int i = 0; i < runs && !HasFailure(); ++i) {
    const std::size_t max_size = random() % 100 == 0 ? 3 * kMiB : random() % 4 == 0 ? 64 * 1024 : 600;
    SCOPED_TRACE(i);
    if (random() % 8 == 0) channel.set_line(std::size_t{1} << random() % 30, random() % 2 == 0);
    channel.carry(source.next(max_size));
  }
}

TEST(Zgfx, SizesAroundTheLimitOfASegment) {
  Random random(4);
  Channel channel;
  for (const std::size_t size : {1UZ, 2UZ, 3UZ, 7UZ, 8UZ, 9UZ, 65534UZ, 65535UZ, 65536UZ, 131070UZ, 131071UZ}) {
    channel.carry(random_bytes(random, size, 3));
    channel.carry(random_bytes(random, size));
    channel.carry(Message(size, std::byte{7}));
  }
}

TEST(Zgfx, NothingComesOfNothing) {
  SegmentedWriter writer;
  Message out;
  writer.wrap({}, out);
  EXPECT_TRUE(out.empty());
}

// What was sent once costs next to nothing from every distance that the client's history has.
TEST(Zgfx, EveryDistanceIsUsed) {
  Random random(5);
  const Message piece = random_bytes(random, 500);
  for (const rdp8::DistanceClass& distances : rdp8::kDistanceClasses) {
    for (const std::uint32_t distance : {distances.base, distances.base + 1, distances.base * 5 / 4}) {
      // Beyond this the compressor may have given the bytes up.
      if (distance <= piece.size() || distance > 1'900'000) continue;
      SCOPED_TRACE(distance);
      Channel channel;
      channel.carry(piece);
      channel.carry(random_bytes(random, distance - piece.size()));
      EXPECT_LE(channel.carry(piece), 12u);
    }
  }
}

// Bytes below `levels`, as run-length encoding leaves grain: short codes, but each of them costs a client its time.
Message grain(Random& random, std::size_t size, std::uint64_t levels) {
  Message message(size);
  for (std::byte& byte : message) byte = static_cast<std::byte>(random() % levels);
  return message;
}

TEST(Zgfx, WhatSavesALineLessTimeThanItCostsTheClientGoesAsItIs) {
  constexpr std::size_t kSize = 200'000;
  constexpr std::size_t kNarrow = 250'000;  // 2 Mbit/s
  constexpr std::size_t kWide = kNarrowLine;
  Random random(21);
  for (const auto rate : {std::optional(kWide), std::optional<std::size_t>()}) {
    Channel channel;
    channel.set_line(rate);
    EXPECT_EQ(channel.carry(grain(random, kSize, 20)), plain_size(kSize));
    // What comes after it is found in it.
    const Message known = random_bytes(random, 20'000);
    channel.carry(known);
    EXPECT_LT(channel.carry(known), 100U);
  }
  Channel channel;
  channel.set_line(kNarrow);
  EXPECT_LT(channel.carry(grain(random, kSize, 20)), kSize * 19 / 20);
}

// Words of twenty in no order, a random byte between them.
Message text(Random& random, std::size_t words, std::size_t letters) {
  std::vector<Message> known;
  for (int i = 0; i < 20; ++i) known.push_back(random_bytes(random, letters / 2 + random() % letters));
  Message message;
  for (std::size_t i = 0; i < words; ++i) {
    const Message& word = known[random() % known.size()];
    message.insert(message.end(), word.begin(), word.end());
    message.push_back(static_cast<std::byte>(random()));
  }
  return message;
}

// Of four levels: a good part of it is saved, by many short matches.
TEST(Zgfx, WhatIsWantedSoonGoesAsItIsSooner) {
  constexpr std::size_t kSize = 200'000;
  Random random(24);
  const auto carry = [&random](std::optional<std::size_t> rate, bool soon) {
    Channel channel;
    channel.set_line(rate, soon);
    return channel.carry(grain(random, kSize, 4));
  };
  EXPECT_LT(carry(kNarrowLine, false), kSize * 3 / 4);
  EXPECT_GT(carry(kNarrowLine, true), kSize);
  EXPECT_LT(carry(kNarrowLine - 1, true), kSize * 3 / 4);
}

TEST(Zgfx, WhatRepeatsIsCompressedOnTheFastestLine) {
  Random random(22);
  const Message message = text(random, 2'000, 40);
  Channel channel;
  channel.set_line(10'000'000'000U, true);
  EXPECT_LT(channel.carry(message), message.size() / 5);
}

// What was not worth its time for long does not make what follows be searched in haste.
TEST(Zgfx, GrainDoesNotHideTheTextBehindIt) {
  Random random(23);
  const Message short_words = text(random, 6'000, 6);
  const std::size_t alone = Channel().carry(short_words);
  ASSERT_LT(alone, short_words.size() * 3 / 4);
  Channel channel;
  for (int i = 0; i < 4; ++i) channel.carry(grain(random, 100'000, 256));
  EXPECT_LT(channel.carry(short_words), alone * 11 / 10);

  const Message long_words = text(random, 4'000, 40);
  const std::size_t as_it_is = long_words.size();
  Message both = grain(random, 100'000, 256);
  const std::size_t of_grain = both.size();
  both.insert(both.end(), long_words.begin(), long_words.end());
  EXPECT_LT(channel.carry(both), of_grain + as_it_is / 4) << "in one message";
  EXPECT_LT(channel.carry(long_words), as_it_is / 20) << "and it is indexed";

  Channel narrow;
  narrow.set_line(kNarrowLine / 10, false);
  both = grain(random, 100'000, 256);
  both.insert(both.end(), short_words.begin(), short_words.end());
  EXPECT_LT(narrow.carry(both), of_grain + alone * 11 / 10) << "where a byte is worth looking for, in one message too";
}

TEST(Zgfx, EveryLengthOfAMatch) {
  Random random(6);
  Channel channel;
  for (std::size_t length = 3; length < 65000; length = length < 40 ? length + 1 : length * 3 / 2) {
    Message message = random_bytes(random, length);
    message.insert(message.end(), message.begin(), message.end());
    SCOPED_TRACE(length);
    channel.carry(message);
  }
}

TEST(Zgfx, EveryByteAsLiteral) {
  Channel channel;
  for (int a = 0; a < 256; ++a) {
    // No three bytes occur twice, too few for an unencoded run.
    Message message;
    for (int b = 0; b < 12; ++b) message.push_back(static_cast<std::byte>(b % 3 == 0 ? a : a * 7 + b * 31));
    message.insert(message.end(), 40, std::byte{0});
    channel.carry(message);
  }
}

// A long run of what cannot be compressed inside what can: unencoded, in more than one token.
TEST(Zgfx, LongUnencodedRuns) {
  Random random(7);
  Channel channel;
  for (const std::size_t size : {25UZ, 40UZ, 32766UZ, 32767UZ, 32768UZ, 50000UZ, 60000UZ}) {
    Message message(5000, std::byte{1});
    const Message noise = random_bytes(random, size);
    message.insert(message.end(), noise.begin(), noise.end());
    SCOPED_TRACE(size);
    EXPECT_LE(channel.carry(message), size + 40);
  }
}

TEST(Zgfx, RepeatedFramesShrink) {
  MessageSource source(8);
  Channel channel;
  Message message;
  for (int i = 0; i < 20; ++i) {
    const Message more = source.next(3000);
    message.insert(message.end(), more.begin(), more.end());
  }
  channel.carry(message);
  EXPECT_LE(channel.carry(message), message.size() / 50);
}

}  // namespace
}  // namespace tobari::display
