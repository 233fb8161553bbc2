// SPDX-License-Identifier: GPL-3.0-or-later
// One network rule as a condition of nftables. IPv4 only: other packets do not pass at all. Pure; private to src/core.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/network_filter.h"

namespace tobari::vmhost {

// Where in a packet the peer's address stands, and the port of the side that was connected to.
struct Side {
  std::string_view address;
  std::string_view port;
};
inline constexpr Side kDestination{"daddr", "dport"};          // the desktop opened it, and speaks
inline constexpr Side kSourceOfAnswer{"saddr", "sport"};       // the desktop opened it, and is answered
inline constexpr Side kSource{"saddr", "dport"};               // the peer opened it, and speaks
inline constexpr Side kDestinationOfAnswer{"daddr", "sport"};  // the peer opened it, and is answered

// Empty text: every packet. Nothing: no packet, because all that the rule names are names without an address, or IPv6.
[[nodiscard]] std::optional<std::string> match_of(const policy::NetworkEntry& entry, const Side& side,
                                                  const Addresses& addresses);

[[nodiscard]] std::size_t items_of(const std::optional<std::vector<policy::NetworkEntry>>& entries,
                                   const Addresses& addresses);

// "10.0.0.1, 10.0.0.2": of those that are IPv4.
[[nodiscard]] std::string joined(const std::vector<policy::IpAddress>& addresses);

// What is closed, and what is no single machine out there: this host, the link alone, groups, everybody.
[[nodiscard]] std::string closed_places(const Surroundings& around);

}  // namespace tobari::vmhost
