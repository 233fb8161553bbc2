// SPDX-License-Identifier: GPL-3.0-or-later
// From what is stored to what is sent. Pure.
#pragma once

#include <span>

#include <tobari/host.pb.h>
#include <tobari/policy/grant.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::uint32_t kHeads = 4;  // monitors that a desktop's graphics card has

[[nodiscard]] wire::DesiredState desired_state(std::span<const Desktop> desktops, std::uint64_t revision);
[[nodiscard]] wire::Grant to_wire(const policy::Grant& grant);

}  // namespace tobari::broker
