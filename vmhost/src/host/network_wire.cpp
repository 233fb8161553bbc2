// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/network_wire.h"

#include <algorithm>
#include <utility>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxNameLength = 253;  // RFC 1035

std::unexpected<Error> malformed(const char* what) {
  return fail(Errc::kInvalidArgument, std::string("network rules with ") + what);
}

Result<policy::Protocol> protocol_of(wire::NetworkEntry::Protocol protocol) {
  switch (protocol) {
    case wire::NetworkEntry::ANY:
      return policy::Protocol::kAny;
    case wire::NetworkEntry::TCP:
      return policy::Protocol::kTcp;
    case wire::NetworkEntry::UDP:
      return policy::Protocol::kUdp;
    case wire::NetworkEntry::ICMP:
      return policy::Protocol::kIcmp;
    default:
      return malformed("a protocol that is unknown here");
  }
}

// They are asked of the resolver, never shown to a shell or to nftables; but what is no name costs nothing to refuse.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxNameLength && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Result<policy::NetworkEntry> entry_of(const wire::NetworkEntry& message) {
  policy::NetworkEntry entry;
  entry.rule = message.rule();
  entry.effect = message.allow() ? policy::Effect::kAllow : policy::Effect::kDeny;
  TOBARI_ASSIGN(entry.traffic.protocol, protocol_of(message.protocol()));
  for (const wire::IpNetwork& each : message.networks()) {
    policy::IpNetwork network;
    if (each.address().size() != network.address.bytes.size() || each.prefix_bits() > 128) {
      return malformed("an address that is none");
    }
    std::ranges::copy(each.address(), network.address.bytes.begin());
    network.prefix_bits = static_cast<std::uint8_t>(each.prefix_bits());
    if (network.address.first(network.prefix_bits) != network.address) return malformed("bits behind a prefix");
    entry.traffic.networks.push_back(network);
  }
  for (const std::string& name : message.names()) {
    if (!is_name(name)) return malformed("a name that is none");
    entry.traffic.domains.push_back(name);
  }
  for (const wire::PortRange& range : message.ports()) {
    const bool has_ports =
        message.protocol() == wire::NetworkEntry::TCP || message.protocol() == wire::NetworkEntry::UDP;
    if (!has_ports || range.first() < 1 || range.last() > 65'535 || range.first() > range.last()) {
      return malformed("ports that are none");
    }
    entry.traffic.ports.push_back(
        {.first = static_cast<std::uint16_t>(range.first()), .last = static_cast<std::uint16_t>(range.last())});
  }
  return entry;
}

Result<std::vector<policy::NetworkEntry>> entries_of(const wire::NetworkRules& message) {
  if (message.entries_size() > kMaxNetworkEntries) return malformed("more entries than can be kept");
  std::vector<policy::NetworkEntry> entries;
  for (const wire::NetworkEntry& each : message.entries()) {
    TOBARI_ASSIGN(policy::NetworkEntry entry, entry_of(each));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

Result<policy::DesktopNetwork> from_wire(const wire::NetworkPolicy& message) {
  policy::DesktopNetwork network;
  if (message.has_egress()) {
    TOBARI_ASSIGN(network.egress, entries_of(message.egress()));
  }
  if (message.has_ingress()) {
    TOBARI_ASSIGN(network.ingress, entries_of(message.ingress()));
  }
  return network;
}

}  // namespace tobari::vmhost
