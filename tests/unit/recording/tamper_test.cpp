// SPDX-License-Identifier: GPL-3.0-or-later
// Whatever is done to a recording is found: by whoever has the audit's hash, without a key.
#include <random>

#include <gtest/gtest.h>

#include <tobari/recording/recording.h>

#include "sample.h"

namespace tobari::recording {
namespace {

// What `tobari recording verify FILE --hash HASH` looks at.
bool found_out(const Bytes& bytes, const Hash& hash) {
  const auto recording = Recording::over(bytes);
  if (!recording) return true;
  const auto verified = recording->verify();
  return !verified || verified->hash != hash || !verified->ended || verified->whole != bytes.size();
}

// What somebody with the key finds without any hash, but for the end cut off.
bool found_by_reader(const Bytes& bytes, const Secret& secret) {
  auto recording = Recording::over(bytes);
  if (!recording || !recording->unlock(secret)) return true;
  const auto verified = recording->verify();
  return !verified || !verified->ended || verified->whole != bytes.size();
}

class Tamper : public ::testing::Test {
 protected:
  Sample sample;
  Hash hash = Recording::over(sample.bytes).value().verify().value().hash;

  [[nodiscard]] Bytes piece(std::size_t i) const {
    const std::size_t end = i + 1 < sample.pieces.size() ? sample.pieces[i + 1] : sample.bytes.size();
    const View all = sample.bytes;
    const View part = all.subspan(sample.pieces[i], end - sample.pieces[i]);
    return {part.begin(), part.end()};
  }
  [[nodiscard]] Bytes joined(const std::vector<std::size_t>& order) const {
    Bytes bytes;
    for (const std::size_t i : order) {
      const Bytes one = piece(i);
      bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
  }
};

TEST_F(Tamper, NothingIsFoundWhereNothingWasDone) {
  EXPECT_FALSE(found_out(sample.bytes, hash));
  EXPECT_FALSE(found_by_reader(sample.bytes, sample.keys.secret));
}

TEST_F(Tamper, EveryBitOfEveryByte) {
  for (std::size_t i = 0; i < sample.bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes bytes = sample.bytes;
      bytes[i] ^= static_cast<std::byte>(1U << bit);
      ASSERT_TRUE(found_out(bytes, hash)) << i << " " << bit;
      ASSERT_TRUE(found_by_reader(bytes, sample.keys.secret)) << i << " " << bit;
    }
  }
}

TEST_F(Tamper, EveryCut) {
  for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
    const Bytes bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_TRUE(found_out(bytes, hash)) << size;
    ASSERT_TRUE(found_by_reader(bytes, sample.keys.secret)) << size;
  }
}

TEST_F(Tamper, PiecesLeftOutTwiceOrInAnotherOrder) {
  const std::vector<std::size_t> right{0, 1, 2, 3, 4, 5, 6};
  ASSERT_FALSE(found_out(joined(right), hash));
  for (std::size_t i = 0; i < right.size(); ++i) {
    auto without = right;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(found_out(joined(without), hash)) << i;
    auto twice = right;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), i);
    EXPECT_TRUE(found_out(joined(twice), hash)) << i;
    for (std::size_t j = i + 1; j < right.size(); ++j) {
      auto swapped = right;
      std::swap(swapped[i], swapped[j]);
      EXPECT_TRUE(found_out(joined(swapped), hash)) << i << " " << j;
    }
  }
}

TEST_F(Tamper, PiecesOfAnotherRecordingOfTheSameReader) {
  Sample other;
  for (std::size_t i = 0; i < sample.pieces.size(); ++i) {
    const std::size_t begin = sample.pieces[i];
    const std::size_t end = i + 1 < sample.pieces.size() ? sample.pieces[i + 1] : sample.bytes.size();
    ASSERT_EQ(other.pieces[i], begin);
    Bytes bytes = sample.bytes;
    std::copy(other.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              other.bytes.begin() + static_cast<std::ptrdiff_t>(end),
              bytes.begin() + static_cast<std::ptrdiff_t>(begin));
    EXPECT_TRUE(found_out(bytes, hash)) << i;
  }
}

TEST_F(Tamper, SomethingBehindTheEnd) {
  Bytes bytes = sample.bytes;
  bytes.push_back(std::byte{0});
  EXPECT_TRUE(found_out(bytes, hash));
}

// A thousand of them: one to sixteen bytes are overwritten, put in, taken out or moved.
TEST_F(Tamper, AThousandTrialsAtRandom) {
  std::mt19937 random(7);
  const auto below = [&random](std::size_t limit) { return static_cast<std::ptrdiff_t>(random() % limit); };
  for (int trial = 0; trial < 1000; ++trial) {
    Bytes bytes = sample.bytes;
    const std::ptrdiff_t at = below(bytes.size() - 16);
    const std::ptrdiff_t count = 1 + below(16);
    switch (random() % 4) {
      case 0:
        for (std::ptrdiff_t i = 0; i < count; ++i) {
          bytes[static_cast<std::size_t>(at + i)] = static_cast<std::byte>(random() & 0xFFU);
        }
        break;
      case 1:
        bytes.insert(bytes.begin() + at, static_cast<std::size_t>(count), static_cast<std::byte>(random() & 0xFFU));
        break;
      case 2:
        bytes.erase(bytes.begin() + at, bytes.begin() + at + count);
        break;
      default:
        std::rotate(bytes.begin() + at, bytes.begin() + at + count, bytes.end());
    }
    if (bytes == sample.bytes) continue;
    ASSERT_TRUE(found_out(bytes, hash)) << trial;
  }
}

// The recorder's own trick: a chunk made with the right key, but for another place. (Whoever has that key has the
// display process.)
TEST_F(Tamper, TheAuditsHashIsWhatRemainsAgainstWhoeverHadTheKey) {
  Sealer forger = Sealer::create(sample.keys.public_key, kSession, 1'764'230'400'000).value();
  Bytes bytes = forger.header();
  for (const Bytes& one : {forger.seal({0, kStart, 800, 600}, view_of("")), forger.finish(1, "")}) {
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  EXPECT_FALSE(found_by_reader(bytes, sample.keys.secret));
  EXPECT_TRUE(found_out(bytes, hash));
}

}  // namespace
}  // namespace tobari::recording
