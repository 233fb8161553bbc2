// SPDX-License-Identifier: GPL-3.0-or-later
// A request as a rule wants it. Private to policy/src.
#pragma once

#include <tobari/policy/difference.h>

namespace tobari::policy {

// `comparison.usual` with the first value that the rule names for each condition that is not fixed. A window that does
// not open within 400 days leaves the time as it is.
[[nodiscard]] Request witness(const Who& who, const Conditions& conditions, const Comparison& comparison);

}  // namespace tobari::policy
