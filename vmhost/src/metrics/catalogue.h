// SPDX-License-Identifier: GPL-3.0-or-later
// Every metric of tobari-vmhost, which speaks for its display processes too. docs/OBSERVABILITY.md says the same for
// people; tests hold the two together.
#pragma once

#include <tobari/metrics/metrics.h>

namespace tobari::vmhost::metric {

using metrics::Definition;
using metrics::Kind;

inline constexpr Definition kDesktops{"tobari_vmhost_desktops", Kind::kGauge, "Desktops of this host, by state."};
inline constexpr Definition kStartTime{"tobari_vmhost_start_seconds", Kind::kHistogram,
                                       "Time from the order to start a desktop to its guest's being ready."};
inline constexpr Definition kStartFailures{"tobari_vmhost_start_failures_total", Kind::kCounter,
                                           "Starts of desktops that failed."};
inline constexpr Definition kCloneTime{"tobari_vmhost_clone_seconds", Kind::kHistogram,
                                       "Time to make a running clone of a template."};
inline constexpr Definition kCloneMemory{"tobari_vmhost_clone_memory_bytes", Kind::kGauge,
                                         "Memory of running instant clones: their own, and the rest of their size."};
inline constexpr Definition kHypervisorUp{"tobari_vmhost_hypervisor_up", Kind::kGauge,
                                          "1 when the hypervisor gave its list of VMs the last time; else 0."};
inline constexpr Definition kBrokerUp{"tobari_vmhost_broker_connected", Kind::kGauge,
                                      "1 when a broker's line is open; else 0."};
inline constexpr Definition kLeaseLeft{"tobari_vmhost_lease_seconds", Kind::kGauge,
                                       "Time until this host's lease is over; 0: it has none."};
inline constexpr Definition kFrontClients{"tobari_vmhost_front_connections_total", Kind::kCounter,
                                          "Connections at the host's front, by what became of them."};
inline constexpr Definition kFrontWaiting{"tobari_vmhost_front_waiting", Kind::kGauge,
                                          "Connections at the front whose first packet has not come."};
inline constexpr Definition kMemory{"tobari_vmhost_memory_bytes", Kind::kGauge, "Memory of this machine."};
inline constexpr Definition kCpus{"tobari_vmhost_cpus", Kind::kGauge, "Processors of this machine."};

inline constexpr Definition kDisplays{"tobari_display_processes", Kind::kGauge, "Display processes that run."};
inline constexpr Definition kDisplayEnds{"tobari_display_ends_total", Kind::kCounter,
                                         "Display processes that have ended, for whatever reason."};
inline constexpr Definition kAdopted{"tobari_display_adopted_total", Kind::kCounter,
                                     "Display processes that this agent took over from the one before it."};
inline constexpr Definition kConnected{"tobari_display_clients", Kind::kGauge,
                                       "Display processes that a client is connected to."};
inline constexpr Definition kObserved{"tobari_display_observed_seconds_total", Kind::kCounter,
                                      "Time that clients were shown something, added up."};
inline constexpr Definition kFrames{"tobari_display_frames_total", Kind::kCounter, "Frames that were sent."};
inline constexpr Definition kAcknowledged{"tobari_display_frames_acknowledged_total", Kind::kCounter,
                                          "Frames that clients have acknowledged."};
inline constexpr Definition kCommands{"tobari_display_commands_total", Kind::kCounter,
                                      "Pieces of frames, by the codec that they were sent with."};
inline constexpr Definition kBytes{"tobari_display_bytes_total", Kind::kCounter,
                                   "Bytes by codec, before bulk compression and TLS."};
inline constexpr Definition kPixels{"tobari_display_pixels_total", Kind::kCounter,
                                    "Pixels that were encoded, by codec: its rate is the encoders' load."};
inline constexpr Definition kEncodeTime{"tobari_display_encode_seconds", Kind::kHistogram,
                                        "Time to compare, copy and encode a frame."};
inline constexpr Definition kAcknowledgeTime{"tobari_display_acknowledge_seconds", Kind::kHistogram,
                                             "Time from a frame's sending to its acknowledgement."};
inline constexpr Definition kInputTime{"tobari_display_input_to_pixel_seconds", Kind::kHistogram,
                                       "Time from a key or button to the frame that answers it, by screen."};
inline constexpr Definition kUnsent{"tobari_display_unsent_bytes", Kind::kGauge,
                                    "Bytes that wait on this host for slow lines."};
inline constexpr Definition kInFlight{"tobari_display_frames_in_flight", Kind::kGauge,
                                      "Frames that wait for their acknowledgement."};

inline constexpr Definition kCatalogue[] = {
    kDesktops,        kStartTime, kStartFailures, kCloneTime, kHypervisorUp, kBrokerUp, kFrontClients,
    kFrontWaiting,    kMemory,    kCpus,          kDisplays,  kDisplayEnds,  kAdopted,  kConnected,
    kObserved,        kFrames,    kAcknowledged,  kCommands,  kBytes,        kPixels,   kEncodeTime,
    kAcknowledgeTime, kInputTime, kCloneMemory,   kUnsent,    kInFlight,     kLeaseLeft};

}  // namespace tobari::vmhost::metric
