// SPDX-License-Identifier: GPL-3.0-or-later
// IP addresses and CIDR networks, v4 and v6, as values. An IPv4 address equals its IPv4-mapped IPv6 form, because a
// socket that listens on both reports the latter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tobari::policy {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 as ::ffff:a.b.c.d

  // Numeric only: "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; no zone, no brackets.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;
  // The first `bits` of the 128, the others zero.
  [[nodiscard]] IpAddress first(unsigned bits) const noexcept;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct IpNetwork {
  IpAddress address;               // the bits behind the prefix are zero
  std::uint8_t prefix_bits = 128;  // of the 128

  // "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one.
  [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text) noexcept;
  [[nodiscard]] bool contains(const IpAddress& other) const noexcept;
  friend auto operator<=>(const IpNetwork&, const IpNetwork&) = default;
};

}  // namespace tobari::policy
