// SPDX-License-Identifier: GPL-3.0-or-later
// From desktops to a connection that shows them: they are started when they are off, the request waits for them (no
// thread does), the policy is asked for each, the session is put on record and the host opens a display.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {

// When a client asks again: for a desktop that is starting, for a host that is away, for a pool that is full.
inline constexpr std::chrono::seconds kStartingRetry{2};
inline constexpr std::chrono::seconds kAwayRetry{5};
inline constexpr std::chrono::seconds kFullRetry{5};

using DesktopsOrError = std::expected<std::vector<Desktop>, ApiError>;

struct Opening {
  // All of the caller and on one host; in the order of the monitors. None yet: `look` says which.
  std::vector<Desktop> desktops;
  ConnectBody client;
  // The desktops as they are now, after these; empty: the same ones, read again.
  std::function<DesktopsOrError(const std::vector<Desktop>&)> look = {};
  bool wait_for_host = false;  // also for one that is away
};

// kPermissionDenied: only its own user opens a desktop.
[[nodiscard]] Result<void> check_own(const Call& call, const Desktop& desktop);

// Waits at most Api::patience. Answers once, at once or later, on any worker.
void open_desktops(Api& api, const Call& call, Opening opening, const Reply& reply);

// ---- parts of it
// Of desktops that run.
void open_display(Api& api, const Call& call, const Opening& opening, const Reply& reply);
[[nodiscard]] ApiError still_starting(const std::string& how_far = "");
// Puts it on record and says it. `object`: what was to be opened.
[[nodiscard]] ApiError connect_denied(Api& api, const Call& call, const std::string& object, const std::string& rule,
                                      const std::string& why);
// Live sessions of the caller with other desktops than these, whose own are taken over.
[[nodiscard]] std::uint32_t other_sessions(const std::vector<Session>& of_caller, const std::vector<Desktop>& desktops,
                                           Time now);

}  // namespace tobari::broker
