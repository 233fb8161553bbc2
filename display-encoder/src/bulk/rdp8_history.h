// SPDX-License-Identifier: GPL-3.0-or-later
// What the client has received, as far as it remembers, and where in it bytes like the next ones stand.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "bulk/rdp8_tokens.h"

namespace tobari::display {

// Where bytes with a certain hash stood last. An entry is a position and, above it, bits of the hash that did not
// choose the entry: what they tell apart need not be fetched from memory to be compared. What was found may be wrong
// still.
template <unsigned kBits>
class HashTable {
 public:
  static constexpr unsigned kPositionBits = 22;
  static constexpr std::uint32_t kPosition = (1u << kPositionBits) - 1;
  static constexpr std::size_t kNone = kPosition;

  HashTable() : entries_(std::size_t{1} << kBits) {}

  // Puts `position`, which is below kNone, and returns what stood there; kNone when that had another hash.
  std::size_t exchange(std::uint64_t hash, std::size_t position) noexcept {
    std::uint32_t& entry = entries_[static_cast<std::size_t>(hash >> (64 - kBits))];
    const std::uint32_t tag = static_cast<std::uint32_t>(hash >> (32 - kBits)) & ~kPosition;
    const std::uint32_t old = std::exchange(entry, tag | static_cast<std::uint32_t>(position));
    return (old & ~kPosition) == tag ? old & kPosition : kNone;
  }

  // Positions become smaller by this; what is gone becomes position 0, which is as good a guess as any.
  void shift(std::uint32_t by) noexcept {
    for (std::uint32_t& entry : entries_) entry = (entry & kPosition) > by ? entry - by : 0;
  }

 private:
  std::vector<std::uint32_t> entries_;
};

// The shortest repetitions that are looked for. Each kind has a table: of 8 bytes, which finds long matches far away,
// of 4, and of 3, which pay near by only. Of bytes that occur often each knows the last place. Everything found is
// compared.
enum class Shortest : std::uint8_t { k3 = 3, k4 = 4, k8 = 8 };

class Rdp8History {
 public:
  static constexpr std::size_t kSize = rdp8::kMaxDistance;  // bytes held at most
  static constexpr std::size_t kKept = 2'000'000;           // when room for more is made
  static constexpr std::size_t kHashed = 8;                 // what find() and index() read from a position on
  static constexpr std::size_t kMaxAppend = 65535;

  struct Match {
    std::size_t length = 0;
    std::uint32_t distance = 0;
    int gain = 0;  // bits less than the bytes themselves
  };

  Rdp8History();

  // Puts bytes, at most kMaxAppend, behind the others and returns the position of their first. Positions from before
  // are void then: the oldest bytes may have been given up.
  std::size_t append(std::span<const std::byte> bytes);

  // Of a position: the bytes from there on, up to the last one appended.
  [[nodiscard]] const std::byte* at(std::size_t position) const noexcept { return bytes_.get() + position; }
  [[nodiscard]] std::size_t end() const noexcept { return size_; }

  // The two below: position + kHashed <= end().
  // What from here on repeats bytes before `position`; gain 0: nothing that would pay. Indexes the position.
  template <Shortest kShortest>
  [[nodiscard]] Match find(std::size_t position) noexcept {
    Match best;
    look(far_.exchange(hash8(position), position), position, best);
    if constexpr (kShortest <= Shortest::k4) {
      const std::size_t near = near_.exchange(hash4(position), position);
      if (best.length < kLongEnough) look(near, position, best);
    }
    if constexpr (kShortest == Shortest::k3) {
      const std::size_t nearest = nearest_.exchange(hash3(position), position);
      if (best.length < kHashed) look(nearest, position, best);
    }
    return best;
  }

  template <Shortest kShortest>
  void index(std::size_t position) noexcept {
    far_.exchange(hash8(position), position);
    if constexpr (kShortest <= Shortest::k4) near_.exchange(hash4(position), position);
    if constexpr (kShortest == Shortest::k3) nearest_.exchange(hash3(position), position);
  }

 private:
  static constexpr std::size_t kLongEnough = 32;
  static_assert(kSize < HashTable<1>::kNone);

  template <class Word>
  static Word load(const std::byte* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
  [[nodiscard]] std::uint64_t hash8(std::size_t position) const noexcept {
    return load<std::uint64_t>(at(position)) * 0x9E3779B97F4A7C15u;
  }
  [[nodiscard]] std::uint64_t hash4(std::size_t position) const noexcept {
    return load<std::uint32_t>(at(position)) * 0x9E3779B97F4A7C15u;
  }
  [[nodiscard]] std::uint64_t hash3(std::size_t position) const noexcept {
    const std::byte* const from = at(position);
    return (load<std::uint16_t>(from) | std::uint64_t{std::to_integer<std::uint8_t>(from[2])} << 16) *
           0x9E3779B97F4A7C15u;
  }

  void look(std::size_t candidate, std::size_t position, Match& best) const noexcept {
    if (candidate >= position) return;  // kNone as well
    const std::size_t length = common(candidate, position);
    if (length < rdp8::kMinMatch) return;
    const auto distance = static_cast<std::uint32_t>(position - candidate);
    const int gain = static_cast<int>(8 * length) - static_cast<int>(rdp8::match_bits(distance, length));
    if (gain > best.gain) best = {length, distance, gain};
  }

  // How many bytes from `earlier` on are equal to those from `position` on.
  [[nodiscard]] std::size_t common(std::size_t earlier, std::size_t position) const noexcept {
    const std::size_t most = size_ - position;
    const std::byte* const a = at(earlier);
    const std::byte* const b = at(position);
    std::size_t length = 0;
    for (; length + 8 <= most; length += 8) {
      const std::uint64_t difference = load<std::uint64_t>(a + length) ^ load<std::uint64_t>(b + length);
      if (difference == 0) continue;
      const int bits =
          std::endian::native == std::endian::little ? std::countr_zero(difference) : std::countl_zero(difference);
      return length + static_cast<std::size_t>(bits) / 8;
    }
    while (length < most && a[length] == b[length]) ++length;
    return length;
  }

  void make_room(std::size_t wanted);

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  HashTable<16> far_;      // by 8 bytes
  HashTable<16> near_;     // by 4
  HashTable<12> nearest_;  // by 3
};

}  // namespace tobari::display
