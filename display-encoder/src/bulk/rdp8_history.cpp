// SPDX-License-Identifier: GPL-3.0-or-later
#include "bulk/rdp8_history.h"

#include <algorithm>

namespace tobari::display {

// Not filled with zeros: a page costs memory when something is written to it.
Rdp8History::Rdp8History() : bytes_(std::make_unique_for_overwrite<std::byte[]>(kSize)) {}

std::size_t Rdp8History::append(std::span<const std::byte> bytes) {
  if (size_ + bytes.size() > kSize) make_room(bytes.size());
  const std::size_t position = size_;
  std::memcpy(bytes_.get() + position, bytes.data(), bytes.size());
  size_ += bytes.size();
  return position;
}

void Rdp8History::make_room(std::size_t wanted) {
  const std::size_t kept = std::min(kKept, kSize - wanted);
  const auto given_up = static_cast<std::uint32_t>(size_ - std::min(size_, kept));
  size_ -= given_up;
  std::memmove(bytes_.get(), bytes_.get() + given_up, size_);
  far_.shift(given_up);
  near_.shift(given_up);
  nearest_.shift(given_up);
}

}  // namespace tobari::display
