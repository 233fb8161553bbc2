// SPDX-License-Identifier: GPL-3.0-or-later
// A host's word on its load, checked: numbers that are none, or absurd, become 0.
#pragma once

#include <tobari/base/result.h>
#include <tobari/host.pb.h>

#include "core/load.h"

namespace tobari::broker {

inline constexpr int kMaxDisplaysPerLoad = 1024;

// kPeerProtocol: more displays than a report may have.
[[nodiscard]] Result<HostLoad> from_wire(const wire::HostLoad& load);

}  // namespace tobari::broker
