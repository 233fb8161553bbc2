// SPDX-License-Identifier: GPL-3.0-or-later
// Fuzzed bytes read as values. Behind the end everything is zero, so that every input is a whole program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace tobari::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}

  [[nodiscard]] bool done() const noexcept { return left_.empty(); }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(get(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(get(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(get(4)); }
  std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
  // As many as there are.
  std::span<const std::byte> bytes(std::size_t count) noexcept {
    const auto part = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(part.size());
    return part;
  }
  std::span<const std::byte> rest() noexcept { return bytes(left_.size()); }

 private:
  std::uint64_t get(std::size_t count) noexcept {
    std::uint64_t value = 0;
    const auto part = bytes(count);
    for (std::size_t i = 0; i < part.size(); ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8 * i);
    return value;
  }
  std::span<const std::byte> left_;
};

// A property that holds whatever the input is.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace tobari::fuzz
