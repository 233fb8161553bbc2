// SPDX-License-Identifier: GPL-3.0-or-later
// Every metric of tobari-broker. docs/OBSERVABILITY.md says the same for people; tests hold the two together.
#pragma once

#include <tobari/metrics/metrics.h>

namespace tobari::broker::metric {

using metrics::Definition;
using metrics::Kind;

inline constexpr Definition kLoginPhase{"tobari_login_phase_seconds", Kind::kHistogram,
                                        "Time of each part of the way from a password to a picture."};
inline constexpr Definition kRequests{"tobari_broker_requests_total", Kind::kCounter,
                                      "Requests of the REST interface, by route and status."};
inline constexpr Definition kRequestTime{"tobari_broker_request_seconds", Kind::kHistogram,
                                         "Time to answer a request of the REST interface, by route."};
inline constexpr Definition kBusy{"tobari_broker_requests_refused_total", Kind::kCounter,
                                  "Requests that found the queue of their workers full."};
inline constexpr Definition kStoreTime{"tobari_broker_store_seconds", Kind::kHistogram,
                                       "Time of one use of the database, waiting for others included."};
inline constexpr Definition kStoreFailures{"tobari_broker_store_failures_total", Kind::kCounter,
                                           "Uses of the database that failed for its own reasons."};
inline constexpr Definition kDatabaseUp{"tobari_broker_database_up", Kind::kGauge,
                                        "1 when the database answered this scrape; else 0."};
inline constexpr Definition kSchema{"tobari_broker_schema_version", Kind::kGauge,
                                    "The number of the database's schema."};
inline constexpr Definition kSessions{"tobari_broker_sessions", Kind::kGauge,
                                      "Live sessions: offered to a client, or connected."};
inline constexpr Definition kDesktops{"tobari_broker_desktops", Kind::kGauge,
                                      "Desktops on the hosts that are connected, by what their hosts say of them."};
inline constexpr Definition kHosts{"tobari_broker_hosts", Kind::kGauge, "Hosts that are known, connected or away."};
inline constexpr Definition kLeaseAge{"tobari_broker_lease_age_seconds", Kind::kGauge,
                                      "Time since the oldest lease of the hosts connected here was renewed."};
inline constexpr Definition kPoolDesktops{"tobari_broker_pool_desktops", Kind::kGauge,
                                          "Desktops of a pool: assigned to a user, spare, or being removed."};
inline constexpr Definition kPoolLimit{"tobari_broker_pool_limit", Kind::kGauge,
                                       "What a pool is set to: its min, max and spares."};
inline constexpr Definition kAuditRecords{"tobari_broker_audit_records", Kind::kGauge,
                                          "Records of the audit: the number of the newest."};
inline constexpr Definition kAuditLag{"tobari_broker_audit_lag_records", Kind::kGauge,
                                      "Records after the newest signed head in the log, and after what an export has "
                                      "read."};
inline constexpr Definition kAuditHeadAge{"tobari_broker_audit_head_age_seconds", Kind::kGauge,
                                          "Time since the audit's signed head was looked at for the log."};

inline constexpr Definition kCatalogue[] = {kLoginPhase,    kRequests,    kRequestTime,  kBusy,      kStoreTime,
                                            kStoreFailures, kDatabaseUp,  kSchema,       kSessions,  kDesktops,
                                            kHosts,         kLeaseAge,    kPoolDesktops, kPoolLimit, kAuditRecords,
                                            kAuditLag,      kAuditHeadAge};

}  // namespace tobari::broker::metric
