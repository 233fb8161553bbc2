// SPDX-License-Identifier: GPL-3.0-or-later
// The decision as docs/POLICY.md words it, in the plainest code: every rule is looked at, nothing is sorted or kept.
#pragma once

#include "random_policy.h"

namespace tobari::policy {

// Without `line` and `reason`.
[[nodiscard]] Decision reference_decision(const RandomPolicy& policy, const Request& request, ChannelIndex what);

}  // namespace tobari::policy
