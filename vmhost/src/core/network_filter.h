// SPDX-License-Identifier: GPL-3.0-or-later
// What the host's packet filter is told: nftables' language (nft(8)) for one host and for each desktop, and libvirt's
// nwfilter that every network card stands behind. Pure. docs/NETWORK.md says how a packet travels through it.
//
// Rules look at a desktop's own tap ("tb-…"), where bridged and routed packets, and those of the host itself, come by
// alike; whose connection a packet belongs to, only the IP layer's connection tracking knows. The two tell each other
// by bits of the packet's mark. A tap whose desktop is not in the maps, and a packet that lost its mark, are dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/policy/network_rules.h>

namespace tobari::vmhost {

// Networks, names' addresses and port ranges of one desktop, both directions together.
inline constexpr std::size_t kMaxFilterItems = 8192;

// That a desktop may have opened: the host's table of connections is everybody's.
inline constexpr unsigned kMaxConnections = 4096;

// The bits of a packet's mark that are ours, and what they say.
enum class Mark : std::uint32_t {
  kFromDesktop = 0x0100'0000,  // it came out of a desktop
  kMayOpen = 0x0200'0000,      // egress lets it through as a packet of who opened the connection
  kMayAnswer = 0x0400'0000,    // ingress lets it through as one of who was connected to
  kChecked = 0x0800'0000,      // and so it is
  kOpening = 0x1000'0000,      // towards a desktop: of who opened the connection
  kAnswering = 0x2000'0000,    // of who was connected to
  kRelated = 0x4000'0000,      // an ICMP error about a connection
};
inline constexpr std::uint32_t kAllMarks = 0x7f00'0000;

// What is around the desktops of a host.
struct Surroundings {
  std::string bridge;                      // that their taps are on
  std::vector<policy::IpAddress> servers;  // of DHCP and DNS
  std::vector<policy::IpNetwork> closed;   // to which and from which nothing passes but DHCP and DNS with `servers`
  friend bool operator==(const Surroundings&, const Surroundings&) = default;
};

// What names in rules stand for at the moment; a name that is not here stands for nothing.
using Addresses = std::map<std::string, std::set<policy::IpAddress>>;

// Nothing but DHCP.
[[nodiscard]] policy::DesktopNetwork closed_network();

// Both are transactions that may be repeated. kExhausted: more than kMaxFilterItems.
[[nodiscard]] std::string host_rules(const Surroundings& around);
[[nodiscard]] Result<std::string> desktop_rules(const DesktopId& id, const policy::DesktopNetwork& network,
                                                const Surroundings& around, const Addresses& addresses);
// Also of a desktop that has none.
[[nodiscard]] std::string removed_rules(const DesktopId& id);

// The chain by which a desktop is known to have rules; the desktop of such a chain, else an empty id.
[[nodiscard]] std::string chain_of(const DesktopId& id);
[[nodiscard]] DesktopId desktop_of_chain(std::string_view chain);

}  // namespace tobari::vmhost
