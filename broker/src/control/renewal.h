// SPDX-License-Identifier: GPL-3.0-or-later
// Kept desktops that move to their pool's newer image: when nobody's session is in them, and only where the pool says
// so.
#pragma once

#include "control/steps.h"

namespace tobari::broker::control {

inline constexpr std::size_t kMaxRenewedPerSweep = 16;
inline constexpr std::size_t kMaxRenewalsLookedAt = 1024;  // hosts of some may not have the image yet

// The user of this desktop has logged off, or it is switched off. False: there is nothing to do, because its pool keeps
// what is there, it has the image already, or its host does not have the new one yet.
[[nodiscard]] Result<bool> renew_if_due(Step& step, const Desktop& desktop, const Facts& facts);

// Those of the pool that are switched off.
[[nodiscard]] Result<void> renew_those_off(Step& step, const Pool& pool, const Facts& facts);

}  // namespace tobari::broker::control
