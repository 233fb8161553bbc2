// SPDX-License-Identifier: GPL-3.0-or-later
// What a seed means: how many there are, how bad the network is, and what goes wrong when.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "random.h"

namespace tobari::sim {

enum class FaultKind : std::uint8_t {
  kBrokerDies,
  kBrokerStops,  // stands still, and goes on
  kAgentDies,
  kAgentStops,
  kWatchdogDies,
  kWatchdogStops,
  kPowerFails,
  kHostSleeps,
  kHypervisorHangs,
  kLineCut,       // between a host and a broker, one way or both
  kHostCut,       // from all brokers
  kPeopleCut,     // from a broker or a host, one way
  kDatabaseAway,  // for one broker or all
  kDatabaseFull,  // it reads and does not write
  kContention,    // every act of the database is run twice
  kClockJumps,    // a broker's wall clock, until it is over
  kMachineCrashes,
  kHostDrains,
  kUseEnds,  // an administrator ends it
  kGuestLogsOff,
};
inline constexpr std::size_t kFaultKinds = 20;
[[nodiscard]] std::string_view to_string(FaultKind kind) noexcept;

struct Fault {
  Moment at{};
  FaultKind kind = FaultKind::kBrokerDies;
  std::uint64_t which = 0;  // of whatever it befalls: any number
  Moment lasts{};
};

// In a thousand messages.
struct Weather {
  std::uint32_t breaks_line = 0;  // lost, and the line with it
  std::uint32_t vanishes = 0;     // lost, and the line stays
  std::uint32_t comes_again = 0;  // up to forty seconds later
  std::uint32_t comes_late = 0;   // after what was sent later
  std::uint32_t is_slow = 0;
};

struct Setup {
  std::uint64_t seed = 0;
  std::size_t brokers = 2;
  std::size_t hosts = 2;
  std::size_t people = 3;
  std::size_t of_dedicated = 0;  // of the people: the last ones use the dedicated pool
  bool user_disks = false;       // of the floating pool, on a storage that all hosts reach
  std::uint32_t spares = 0;
  std::chrono::seconds keep{3600};
  std::int64_t drift = 0;      // of clocks, at most so many in a thousand
  std::uint32_t ambushes = 0;  // of a million things that processes are about to do
  Weather weather{};
  Moment chaos{};               // from then on everything is whole
  std::vector<Fault> faults{};  // in their order
  bool one_stays_away = false;  // a host that is without power then never comes back
};

[[nodiscard]] Setup draw(std::uint64_t seed);

}  // namespace tobari::sim
