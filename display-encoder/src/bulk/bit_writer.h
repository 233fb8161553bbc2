// SPDX-License-Identifier: GPL-3.0-or-later
// Bits into bytes, the most significant first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tobari::display {

// Writes through a pointer without asking for room: the caller knows a bound, and leaves kSlack bytes more.
class BitWriter {
 public:
  static constexpr std::size_t kSlack = 8;

  explicit BitWriter(std::byte* at) noexcept : at_(at) {}

  // The lowest `bits` of `value`, which has no others; at most 32.
  void put(std::uint32_t value, unsigned bits) noexcept {
    pending_ = pending_ << bits | value;
    count_ += bits;
    if (count_ < 32) return;
    count_ -= 32;
    store(static_cast<std::uint32_t>(pending_ >> count_));
    at_ += 4;
  }

  // Fills the byte that was begun with zeros; returns how many.
  unsigned pad() noexcept {
    const unsigned missing = (8 - count_ % 8) % 8;
    store(static_cast<std::uint32_t>(pending_ << (32 - count_)));
    at_ += (count_ + missing) / 8;
    count_ = 0;
    pending_ = 0;
    return missing;
  }

  // On the border of a byte, as after pad().
  void bytes(const std::byte* from, std::size_t count) noexcept {
    std::memcpy(at_, from, count);
    at_ += count;
  }

  [[nodiscard]] std::byte* position() const noexcept { return at_; }  // as after pad()
  // Bits put since this one was copied; to go back to it, the copy is assigned.
  [[nodiscard]] std::size_t bits_since(const BitWriter& copy) const noexcept {
    return static_cast<std::size_t>(at_ - copy.at_) * 8 + count_ - copy.count_;
  }

 private:
  void store(std::uint32_t word) noexcept {
    if constexpr (std::endian::native == std::endian::little) word = std::byteswap(word);
    std::memcpy(at_, &word, sizeof word);
  }

  std::byte* at_;
  std::uint64_t pending_ = 0;  // the lowest count_ bits are not written yet; above them, what was
  unsigned count_ = 0;         // at most 31
};

}  // namespace tobari::display
