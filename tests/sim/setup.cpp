// SPDX-License-Identifier: GPL-3.0-or-later
#include "setup.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

namespace tobari::sim {
namespace {

// Shorter and longer than a lease (broker/src/control/lease_watch.h: 22 s and 38 s).
constexpr std::pair<Moment, Moment> kShort{500ms, 9s};
constexpr std::pair<Moment, Moment> kMiddle{10s, 24s};
constexpr std::pair<Moment, Moment> kLong{28s, 60s};
constexpr Moment kLongestHang = 8s;  // docs/RELIABILITY.md, what is taken for granted

constexpr std::array<std::string_view, kFaultKinds> kFaultWords{
    "broker dies",    "broker stops",    "agent dies",    "agent stops",      "watchdog dies",
    "watchdog stops", "power fails",     "host sleeps",   "hypervisor hangs", "line cut",
    "host cut",       "people cut",      "database away", "database full",    "contention",
    "clock jumps",    "machine crashes", "host drains",   "use ends",         "guest logs off"};

// How often, relatively.
constexpr std::array<std::uint32_t, kFaultKinds> kWeights{4, 4, 4, 4, 1, 1, 2, 2, 2, 5, 5, 2, 3, 2, 1, 1, 2, 2, 1, 2};

Moment duration(Random& chance, FaultKind kind) {
  if (kind == FaultKind::kHypervisorHangs) return chance.between(1s, kLongestHang);
  const std::uint64_t roll = chance.below(10);
  const auto& [least, most] = roll < 5 ? kShort : (roll < 7 ? kMiddle : kLong);
  return chance.between(least, most);
}

FaultKind kind_of(Random& chance, const std::bitset<kFaultKinds>& possible) {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < kFaultKinds; ++i) all += possible[i] ? kWeights[i] : 0;
  auto left = static_cast<std::uint32_t>(chance.below(all));
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    if (!possible[i]) continue;
    if (left < kWeights[i]) return static_cast<FaultKind>(i);
    left -= kWeights[i];
  }
  return FaultKind::kBrokerDies;
}

// Not all of them in every schedule: what happens all the time hides what needs a quiet moment before.
std::bitset<kFaultKinds> possible_faults(Random& chance, const Setup& setup) {
  std::bitset<kFaultKinds> possible;
  for (std::size_t i = 0; i < kFaultKinds; ++i) possible[i] = chance.chance(450);
  // An offer and a look at idle desktops are told apart by the wall clock: docs/RELIABILITY.md, known limits.
  if (setup.keep < std::chrono::hours(1)) possible.reset(static_cast<std::size_t>(FaultKind::kClockJumps));
  if (possible.none()) possible.set(static_cast<std::size_t>(FaultKind::kHostCut));
  return possible;
}

Weather weather_of(Random& chance) {
  Weather weather{.breaks_line = 0, .vanishes = 0, .comes_again = 0, .comes_late = 0, .is_slow = 0};
  if (chance.chance(600)) weather.breaks_line = static_cast<std::uint32_t>(chance.below(15));
  if (chance.chance(500)) weather.vanishes = static_cast<std::uint32_t>(chance.below(60));
  if (chance.chance(500)) weather.comes_again = static_cast<std::uint32_t>(chance.below(100));
  if (chance.chance(500)) weather.comes_late = static_cast<std::uint32_t>(chance.below(60));
  if (chance.chance(500)) weather.is_slow = static_cast<std::uint32_t>(chance.below(60));
  return weather;
}

}  // namespace

std::string_view to_string(FaultKind kind) noexcept { return kFaultWords[static_cast<std::size_t>(kind)]; }

Setup draw(std::uint64_t seed) {
  Random chance(seed * 2654435761U + 1);
  Setup setup;
  setup.seed = seed;
  setup.brokers = chance.chance(800) ? 2 : 1;
  setup.hosts = 2 + chance.index(2);
  setup.people = 3 + chance.index(3);
  setup.of_dedicated = chance.chance(300) ? 1 : 0;
  setup.user_disks = chance.chance(400);
  setup.spares = static_cast<std::uint32_t>(chance.below(3));
  setup.keep = chance.chance(300) ? std::chrono::seconds(45) : std::chrono::seconds(3600);
  setup.drift = chance.chance(500) ? 10 : 0;
  setup.ambushes = chance.chance(400) ? static_cast<std::uint32_t>(100 + chance.below(400)) : 0;
  setup.weather = weather_of(chance);
  setup.chaos = chance.between(50s, 140s);
  setup.one_stays_away = chance.chance(300);
  const auto possible = possible_faults(chance, setup);
  for (Moment at = chance.between(3s, 12s); at < setup.chaos; at += chance.between(500ms, 8s)) {
    const FaultKind kind = kind_of(chance, possible);
    setup.faults.push_back({at, kind, chance.next(), duration(chance, kind)});
  }
  return setup;
}

}  // namespace tobari::sim
