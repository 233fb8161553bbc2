// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers as they lie in a recording.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tobari/recording/format.h>

namespace tobari::recording {

inline void put_number(std::uint64_t value, int bytes, Bytes& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// `at` and so many bytes are inside.
[[nodiscard]] inline std::uint64_t number_at(View bytes, std::size_t at, std::size_t count) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return value;
}

}  // namespace tobari::recording
