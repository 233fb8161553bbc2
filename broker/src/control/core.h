// SPDX-License-Identifier: GPL-3.0-or-later
// The control plane's decisions, each inside one transaction of the store: who has which desktop, which desktops there
// are, which hosts may run them. Pure: reads and writes through `writer`, has no clock, I/O, thread or randomness.
// docs/RELIABILITY.md says what it promises and why; tests/sim runs it against everything that can go wrong.
#pragma once

#include <string>

#include <tobari/base/result.h>

#include "control/events.h"
#include "core/placement.h"
#include "store/state_store.h"

namespace tobari::broker::control {

struct Settings {
  PlacementRules placement{};
  Planted planted{};
};

// An error means that nothing has changed; it is the answer. kNotFound, kPermissionDenied, kAlreadyExists: the request
// is wrong. kExhausted, kUnavailable: asking again later may help. kCancelled: the request is an old one, and what it
// was given has been given back since.
[[nodiscard]] Result<Effects> handle(Writer& writer, const Event& event, Time now, const Settings& settings = {});

// In a transaction of its own; the effects are to be carried out when it has returned.
[[nodiscard]] Result<Effects> run(StateStore& store, const Event& event, Time now, const Settings& settings = {});

// What is known of the hosts, from the database and from this broker's lines. `user` (may be empty) for its affinity.
[[nodiscard]] Result<std::vector<HostCapacity>> capacities(const Reader& reader, const Facts& facts,
                                                           const UserId& user);

// What handle() would do about a report, by reading alone: hosts report often, and most of it changes nothing.
struct ReportLook {
  bool changes = false;  // false: handle() would store nothing
  std::vector<SeenDesktop> unknown{};
};
// kNotFound: there is no such host any more.
[[nodiscard]] Result<ReportLook> look_at(const Reader& reader, const HostReported& event);

// Where a new desktop of this pool may go; `image`: what it is made of (image_of()).
[[nodiscard]] PlacementWish wish_of(const Pool& pool, std::string image);

}  // namespace tobari::broker::control
