// SPDX-License-Identifier: GPL-3.0-or-later
// The schema as numbered steps. A step that was released is never changed: the next one changes what it made.
#pragma once

#include <soci/soci.h>

#include <tobari/base/result.h>

namespace tobari::broker {

// Runs the steps that the database has not seen, each in a transaction of its own together with its number.
[[nodiscard]] Result<void> migrate(soci::session& sql);

}  // namespace tobari::broker
