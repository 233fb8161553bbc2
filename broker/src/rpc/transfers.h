// SPDX-License-Identifier: GPL-3.0-or-later
// What passes through sessions, written down before it does, and counted for each user and day over all sessions.
// Nothing of the content is kept, not even a hash: a short password could be found again from it.
#pragma once

#include <tobari/base/clock.h>
#include <tobari/host.pb.h>

#include "core/types.h"
#include "store/state_store.h"

namespace tobari::broker {

// Any thread; blocks on the disk. Allowed only when it is durable. Everything that is refused is in the audit as well,
// unless the disk does not take it.
[[nodiscard]] wire::TransferAnswered enter_transfer(StateStore& store, const Clock& clock, const Node& host,
                                                    const wire::TransferAsked& asked);

}  // namespace tobari::broker
