// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/zgfx.h"

#include <cstdlib>
#include <span>
#include <string>

#include <gtest/gtest.h>

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
