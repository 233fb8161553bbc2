// SPDX-License-Identifier: GPL-3.0-or-later
// Every metric of tobari-gateway. docs/OBSERVABILITY.md says the same for people; tests hold the two together.
#pragma once

#include <tobari/metrics/metrics.h>

namespace tobari::gateway::metric {

using metrics::Definition;
using metrics::Kind;

inline constexpr Definition kAccepted{"tobari_gateway_connections_total", Kind::kCounter, "Connections of clients."};
inline constexpr Definition kRouted{"tobari_gateway_routed_total", Kind::kCounter,
                                    "Connections that were passed to a host."};
inline constexpr Definition kRefused{"tobari_gateway_refused_total", Kind::kCounter,
                                     "Connections that were closed before they led anywhere, by reason."};
inline constexpr Definition kBytes{"tobari_gateway_bytes_total", Kind::kCounter,
                                   "Bytes that were passed on, by direction."};
inline constexpr Definition kSessions{"tobari_gateway_sessions", Kind::kGauge, "Connections that are passed on now."};
inline constexpr Definition kUnauthenticated{"tobari_gateway_unauthenticated", Kind::kGauge,
                                             "Connections whose token the broker has not confirmed yet."};
inline constexpr Definition kLimit{"tobari_gateway_limit", Kind::kGauge,
                                   "The most that this gateway takes of what its name says."};
inline constexpr Definition kRedeemTime{"tobari_gateway_redeem_seconds", Kind::kHistogram,
                                        "Time of the broker's answer to a routing token."};
inline constexpr Definition kBrokerUp{"tobari_gateway_broker_connected", Kind::kGauge,
                                      "1 when there is a connection to the broker; else 0."};

inline constexpr Definition kCatalogue[] = {kAccepted,        kRouted, kRefused,    kBytes,   kSessions,
                                            kUnauthenticated, kLimit,  kRedeemTime, kBrokerUp};

}  // namespace tobari::gateway::metric
