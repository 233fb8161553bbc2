// SPDX-License-Identifier: GPL-3.0-or-later
// Network rules as the broker sends them. What is malformed or too much is kInvalidArgument as a whole.
#pragma once

#include <tobari/base/result.h>
#include <tobari/policy/network_rules.h>

#include "tobari/host.pb.h"

namespace tobari::vmhost {

inline constexpr int kMaxNetworkEntries = 4096;  // of one desktop and direction

[[nodiscard]] Result<policy::DesktopNetwork> from_wire(const wire::NetworkPolicy& message);

}  // namespace tobari::vmhost
