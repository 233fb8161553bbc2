// SPDX-License-Identifier: GPL-3.0-or-later
// The IPv4 addresses of this host's devices, and what follows from them for desktops.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/ip_network.h>

#include "core/network_filter.h"

namespace tobari::vmhost {

// What the configuration says of the network for desktops.
struct NetworkOptions {
  std::string network{};                     // libvirt's; or:
  std::string bridge{};                      // the host's
  std::vector<policy::IpAddress> servers{};  // of DHCP and DNS; empty: the bridge's own addresses
  // Closed to desktops. Absent: every network that this host has an address in.
  std::optional<std::vector<policy::IpNetwork>> management{};
  std::vector<policy::IpAddress> always_closed{};  // the broker
};

struct DeviceAddress {
  std::string device;
  policy::IpAddress address;
  policy::IpNetwork network;
};
[[nodiscard]] Result<std::vector<DeviceAddress>> device_addresses();

// Pure. kInvalidArgument: nobody is known who could serve DHCP.
[[nodiscard]] Result<Surroundings> surroundings_of(const NetworkOptions& options, const std::string& bridge,
                                                   const std::vector<DeviceAddress>& devices);

}  // namespace tobari::vmhost
