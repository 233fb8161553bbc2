// SPDX-License-Identifier: GPL-3.0-or-later
// From desktops to a connection that shows them: they are started when they are off, the policy is asked for each, the
// session is put on record and the host opens a display. It waits for the host, and therefore answers later.
#pragma once

#include <chrono>
#include <vector>

#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {

// When a client asks again: for a desktop that is starting, for a host that is away.
inline constexpr std::chrono::seconds kStartingRetry{2};
inline constexpr std::chrono::seconds kAwayRetry{5};

struct Opening {
  std::vector<Desktop> desktops;  // at least one, all of the caller and on one host; in the order of the monitors
  ConnectBody client;
};

// kPermissionDenied: only its own user opens a desktop.
[[nodiscard]] Result<void> check_own(const Call& call, const Desktop& desktop);

void open_desktops(Api& api, const Call& call, const Opening& opening, const Reply& reply);

}  // namespace tobari::broker
