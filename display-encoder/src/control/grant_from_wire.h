// SPDX-License-Identifier: GPL-3.0-or-later
// The grant as the control channel carries it.
#pragma once

#include <tobari/grant.pb.h>
#include <tobari/policy/grant.h>

namespace tobari::display {

// Never wider than what was sent: a format that is not known here is not open, an obligation that is not known here is
// taken for the strongest one.
[[nodiscard]] policy::Grant grant_from_wire(const wire::Grant& wire);

}  // namespace tobari::display
