// SPDX-License-Identifier: GPL-3.0-or-later
#include "network/interfaces.h"

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <format>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>

#include <netinet/in.h>

namespace tobari::vmhost {
namespace {

constexpr unsigned kV4PrefixInV6 = 96;

in_addr ip_of(const sockaddr* address) {
  sockaddr_in in{};
  std::memcpy(&in, address, sizeof in);
  return in.sin_addr;
}

}  // namespace

Result<std::vector<DeviceAddress>> device_addresses() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return fail_errno(errno, "list this host's addresses");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(raw, &::freeifaddrs);
  std::vector<DeviceAddress> found;
  for (const ifaddrs* each = all.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || each->ifa_netmask == nullptr) continue;
    if ((each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    DeviceAddress one{.device = each->ifa_name, .address = {}, .network = {}};
    const in_addr address = ip_of(each->ifa_addr);
    one.address.bytes[10] = one.address.bytes[11] = 0xff;
    std::memcpy(one.address.bytes.data() + 12, &address, sizeof address);
    const auto bits = kV4PrefixInV6 + static_cast<unsigned>(std::popcount(ip_of(each->ifa_netmask).s_addr));
    one.network = {.address = one.address.first(bits), .prefix_bits = static_cast<std::uint8_t>(bits)};
    found.push_back(std::move(one));
  }
  return found;
}

Result<Surroundings> surroundings_of(const NetworkOptions& options, const std::string& bridge,
                                     const std::vector<DeviceAddress>& devices) {
  Surroundings around{.bridge = bridge, .servers = options.servers, .closed = {}};
  const bool own_network = !options.network.empty();  // nobody but desktops and their gateway is in it
  for (const DeviceAddress& each : devices) {
    if (each.device == bridge) {
      if (options.servers.empty()) around.servers.push_back(each.address);
      if (own_network) around.closed.push_back(each.network);
    } else if (!options.management) {
      around.closed.push_back(each.network);
    }
    around.closed.push_back({.address = each.address, .prefix_bits = 128});
  }
  if (options.management) {
    around.closed.insert(around.closed.end(), options.management->begin(), options.management->end());
  }
  for (const policy::IpAddress& address : options.always_closed) {
    around.closed.push_back({.address = address, .prefix_bits = 128});
  }
  if (around.servers.empty()) {
    return fail(Errc::kInvalidArgument, std::format("the bridge {} has no address, so nobody is known to serve DHCP "
                                                    "and DNS to desktops: write network_servers",
                                                    bridge));
  }
  return around;
}

}  // namespace tobari::vmhost
