// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to sessions, as hosts and gateways report it: stored and audited before it is acknowledged. Any thread;
// blocks on the disk.
#pragma once

#include <string>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/host.pb.h>

#include "core/types.h"
#include "metrics/broker_metrics.h"
#include "store/state_store.h"

namespace tobari::broker {

class HostRegistry;

// A report of `host` about one of its sessions. A repeated one is acknowledged and not stored again; one about a
// session of another host, or of none, is acknowledged, logged and dropped: repeating it would not make it true.
// Errors: only those of the store, and then the report must not be acknowledged.
[[nodiscard]] Result<void> store_session_event(StateStore& store, const Clock& clock, const BrokerMetrics& metrics,
                                               const Node& host, const wire::SessionEvent& event);

// The one use of a routing token by `gateway`. kNotFound for anything that does not lead anywhere, whatever the reason:
// unknown, used, too late, host away. The reason is in the audit.
[[nodiscard]] Result<wire::RedeemRouteReply> redeem_route(StateStore& store, const Clock& clock,
                                                          const BrokerMetrics& metrics, const HostRegistry& hosts,
                                                          const Node& gateway, const wire::RedeemRouteRequest& request);

}  // namespace tobari::broker
