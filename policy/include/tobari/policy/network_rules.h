// SPDX-License-Identifier: GPL-3.0-or-later
// What the network of a desktop lets through, decided on its host. The language and the list for one desktop; the host
// that enforces it knows nothing of users and pools.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tobari/policy/ip_network.h>
#include <tobari/policy/rule.h>

namespace tobari::policy {

enum class Protocol : std::uint8_t { kAny, kTcp, kUdp, kIcmp };

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // included
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// The other side of a connection. Empty lists state nothing.
struct Traffic {
  Protocol protocol = Protocol::kAny;
  std::vector<IpNetwork> networks{};
  std::vector<std::string> domains{};  // lower case; with networks: either is enough
  std::vector<PortRange> ports{};      // of the side that is connected to; TCP and UDP only
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

struct NetworkRule {
  std::string name{};
  int line = 0;
  Effect effect = Effect::kDeny;
  Who who{};
  Traffic traffic{};
};

// Absent: the policy does not speak of that direction, and it is not filtered. Present: what no rule allows is denied.
struct NetworkRules {
  std::optional<std::vector<NetworkRule>> egress{};   // connections that a desktop opens
  std::optional<std::vector<NetworkRule>> ingress{};  // connections to it
};

// For one desktop, to be applied from the top: the first entry that matches decides, and what none matches is denied.
struct NetworkEntry {
  std::string rule{};
  Effect effect = Effect::kDeny;
  Traffic traffic{};
  friend bool operator==(const NetworkEntry&, const NetworkEntry&) = default;
};
struct DesktopNetwork {
  std::optional<std::vector<NetworkEntry>> egress{};
  std::optional<std::vector<NetworkEntry>> ingress{};
  friend bool operator==(const DesktopNetwork&, const DesktopNetwork&) = default;
};

}  // namespace tobari::policy
