// SPDX-License-Identifier: GPL-3.0-or-later
// The life of a session: offered -> connected -> disconnected -> ended, or offered -> refused. Reports of a host may
// come late, twice or out of order; a report that does not fit leaves the state as it is. Pure.
#pragma once

#include "core/types.h"

namespace tobari::broker {

enum class SessionEventKind { kConnected, kDisconnected, kRefused, kViolation, kEnded };

[[nodiscard]] SessionState next_state(SessionState from, SessionEventKind event) noexcept;

// What people are told: an offer that nobody used within its time has ended, whether or not anything stored that.
[[nodiscard]] SessionState effective_state(const Session& session, Time now) noexcept;

// Still of use to somebody: may connect or is connected.
[[nodiscard]] bool is_live(const Session& session, Time now) noexcept;

// Its desktop, or one of a wall's.
[[nodiscard]] bool shows(const Session& session, const DesktopId& desktop) noexcept;

}  // namespace tobari::broker
