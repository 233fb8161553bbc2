// SPDX-License-Identifier: GPL-3.0-or-later
// From what is stored to what is sent. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <tobari/host.pb.h>
#include <tobari/policy/grant.h>
#include <tobari/policy/network_rules.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::uint32_t kHeads = 4;  // monitors that a desktop's graphics card has, when nobody says

// Of a message's 1 MiB. Desktops whose rules have no room left get none, which closes their network.
inline constexpr std::size_t kMaxNetworkBytes = std::size_t{512} << 10;

[[nodiscard]] inline std::uint32_t heads_of(const Desktop& desktop) {
  return desktop.heads == 0 ? kHeads : desktop.heads;
}

using NetworkOf = std::function<policy::DesktopNetwork(const Desktop&)>;
// An empty `network_of` closes all networks.
[[nodiscard]] wire::DesiredState desired_state(std::span<const Desktop> desktops, std::uint64_t revision,
                                               const NetworkOf& network_of = {});
// What runs under a lease only: it, or a disk that it has, may be given anew elsewhere when its host is lost. After the
// users' disks are in it.
void mark_leased(wire::DesiredState& state, std::span<const Desktop> desktops);
[[nodiscard]] wire::NetworkPolicy to_wire(const policy::DesktopNetwork& network);
[[nodiscard]] wire::Grant to_wire(const policy::Grant& grant);

}  // namespace tobari::broker
