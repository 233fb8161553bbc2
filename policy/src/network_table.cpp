// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/network_table.h>

#include <algorithm>
#include <bit>

namespace tobari::policy {

// Multiplied and folded: /24s differ in a few bits, which have to reach all of the result.
std::size_t NetworkTable::Hash::operator()(const IpNetwork& network) const noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = network.prefix_bits;
  for (const std::uint64_t half : std::bit_cast<std::array<std::uint64_t, 2>>(network.address.bytes)) {
    hash = (hash ^ half) * kOdd;
    hash ^= hash >> 32U;
  }
  return hash;
}

NetworkTable::Number NetworkTable::number_of(const IpNetwork& network) {
  const auto [known, is_new] = numbers_.try_emplace(network, static_cast<Number>(numbers_.size()));
  if (is_new) {
    const auto place = std::ranges::lower_bound(prefixes_, network.prefix_bits);
    if (place == prefixes_.end() || *place != network.prefix_bits) prefixes_.insert(place, network.prefix_bits);
  }
  return known->second;
}

std::vector<NetworkTable::Number> NetworkTable::holding(const IpAddress& address) const {
  std::vector<Number> numbers;
  for (const std::uint8_t bits : prefixes_) {
    const auto found = numbers_.find(IpNetwork{.address = address.first(bits), .prefix_bits = bits});
    if (found != numbers_.end()) numbers.push_back(found->second);
  }
  return numbers;
}

}  // namespace tobari::policy
