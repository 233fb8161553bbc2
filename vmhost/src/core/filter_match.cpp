// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/filter_match.h"

#include <array>
#include <format>
#include <utility>

namespace tobari::vmhost {
namespace {

using policy::Effect;
using policy::IpAddress;
using policy::IpNetwork;
using policy::NetworkEntry;
using policy::PortRange;
using policy::Protocol;

constexpr unsigned kV4PrefixInV6 = 96;
constexpr std::array<std::string_view, 5> kNoSingleMachine{"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                                                           "240.0.0.0/4"};

// All of IPv4, as networks see it.
IpNetwork all_v4() { return *IpNetwork::parse("0.0.0.0/0"); }

bool is_v4(const IpAddress& address) { return all_v4().contains(address); }

std::string text_of(const IpAddress& address) {
  const auto& b = address.bytes;
  return std::format("{}.{}.{}.{}", b[12], b[13], b[14], b[15]);
}

std::string text_of(const IpNetwork& network) {
  const unsigned bits = network.prefix_bits - kV4PrefixInV6;
  return bits == 32 ? text_of(network.address) : std::format("{}/{}", text_of(network.address), bits);
}

// Sorted, without those that lie in another: networks are nested or apart, and nftables wants them apart.
std::vector<IpNetwork> apart(std::vector<IpNetwork> networks) {
  std::ranges::sort(networks);
  std::vector<IpNetwork> out;
  for (const IpNetwork& network : networks) {
    if (out.empty() || !out.back().contains(network.address)) out.push_back(network);
  }
  return out;
}

std::string listed(const std::vector<IpNetwork>& networks) {
  std::string out;
  for (const IpNetwork& network : networks) out += (out.empty() ? "" : ", ") + text_of(network);
  return out;
}

// An IPv6 network that also holds every IPv4 address ("::/0") denies those, and does not allow them: who writes it
// means IPv6.
std::vector<IpNetwork> places_of(const NetworkEntry& entry, const Addresses& addresses) {
  std::vector<IpNetwork> places;
  for (const IpNetwork& network : entry.traffic.networks) {
    if (network.prefix_bits >= kV4PrefixInV6) {
      if (is_v4(network.address)) places.push_back(network);
    } else if (entry.effect == Effect::kDeny && network.contains(all_v4().address)) {
      places.push_back(all_v4());
    }
  }
  for (const std::string& name : entry.traffic.domains) {
    const auto known = addresses.find(name);
    if (known == addresses.end()) continue;
    for (const IpAddress& address : known->second) {
      if (is_v4(address)) places.push_back({.address = address, .prefix_bits = 128});
    }
  }
  return apart(std::move(places));
}

std::string ports_of(std::vector<PortRange> ranges) {
  std::ranges::sort(ranges, {}, &PortRange::first);
  std::vector<PortRange> merged;
  for (const PortRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  std::string out;
  for (const PortRange& range : merged) {
    out += out.empty() ? "" : ", ";
    out += range.first == range.last ? std::to_string(range.first) : std::format("{}-{}", range.first, range.last);
  }
  return out;
}

void append(std::string& text, const std::string& part) { text += (text.empty() ? "" : " ") + part; }

std::string protocol_of(const NetworkEntry& entry, const Side& side) {
  std::string_view name;
  switch (entry.traffic.protocol) {
    case Protocol::kAny:
      return {};
    case Protocol::kIcmp:
      return "ip protocol icmp";
    case Protocol::kTcp:
      name = "tcp";
      break;
    case Protocol::kUdp:
      name = "udp";
      break;
  }
  if (entry.traffic.ports.empty()) return std::format("ip protocol {}", name);
  return std::format("{} {} {{ {} }}", name, side.port, ports_of(entry.traffic.ports));
}

}  // namespace

std::optional<std::string> match_of(const NetworkEntry& entry, const Side& side, const Addresses& addresses) {
  std::string match;
  if (!entry.traffic.networks.empty() || !entry.traffic.domains.empty()) {
    const std::vector<IpNetwork> places = places_of(entry, addresses);
    if (places.empty()) return std::nullopt;
    if (places.front() != all_v4()) match = std::format("ip {} {{ {} }}", side.address, listed(places));
  }
  append(match, protocol_of(entry, side));
  while (match.ends_with(' ')) match.pop_back();
  return match;
}

std::size_t items_of(const std::optional<std::vector<NetworkEntry>>& entries, const Addresses& addresses) {
  std::size_t items = 0;
  if (!entries) return items;
  for (const NetworkEntry& entry : *entries) {
    items += 1 + entry.traffic.networks.size() + entry.traffic.ports.size();
    for (const std::string& name : entry.traffic.domains) {
      const auto known = addresses.find(name);
      if (known != addresses.end()) items += known->second.size();
    }
  }
  return items;
}

std::string joined(const std::vector<IpAddress>& addresses) {
  std::vector<IpNetwork> networks;
  for (const IpAddress& address : addresses) {
    if (is_v4(address)) networks.push_back({.address = address, .prefix_bits = 128});
  }
  return listed(apart(std::move(networks)));
}

std::string closed_places(const Surroundings& around) {
  std::vector<IpNetwork> places;
  for (const std::string_view text : kNoSingleMachine) places.push_back(*IpNetwork::parse(text));
  for (const IpNetwork& network : around.closed) {
    if (network.prefix_bits >= kV4PrefixInV6 && is_v4(network.address)) places.push_back(network);
  }
  for (const IpAddress& server : around.servers) {
    if (is_v4(server)) places.push_back({.address = server, .prefix_bits = 128});
  }
  return listed(apart(std::move(places)));
}

}  // namespace tobari::vmhost
