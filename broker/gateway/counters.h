// SPDX-License-Identifier: GPL-3.0-or-later
// What the gateway did since it started. Owned by the loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tobari::gateway {

enum class Refusal : std::uint8_t {
  kMalformed,     // not a connection request of RDP
  kNoTls,         // a client that does not offer TLS; it is told so
  kNoToken,       // a plain client: the login screen is not built yet
  kUnknownToken,  // unknown, used or expired
  kTooSlow,       // no whole request within the deadline
  kShed,          // gave way to a newer connection at a cap
  kLeft,          // the client closed before it had a route
  kFull,          // as many sessions as this gateway takes
  kBrokerAway,    // the broker did not answer in time
  kFrontAway,     // the host's front did not take the connection
};
inline constexpr std::array<std::string_view, 10> kRefusalNames{"malformed",   "no_tls",    "no_token", "unknown_token",
                                                                "too_slow",    "shed",      "left",     "full",
                                                                "broker_away", "front_away"};

[[nodiscard]] constexpr std::string_view to_string(Refusal refusal) noexcept {
  return kRefusalNames[static_cast<std::size_t>(refusal)];
}

struct Counters {
  std::uint64_t accepted = 0;
  std::uint64_t routed = 0;
  std::array<std::uint64_t, kRefusalNames.size()> refused{};
  std::uint64_t bytes_to_front = 0;
  std::uint64_t bytes_to_client = 0;
  friend bool operator==(const Counters&, const Counters&) = default;

  [[nodiscard]] std::uint64_t of(Refusal refusal) const noexcept { return refused[static_cast<std::size_t>(refusal)]; }
};

}  // namespace tobari::gateway
