// SPDX-License-Identifier: GPL-3.0-or-later
// One broker's view of the hosts' leases, by its own monotonic clock and nobody else's: how long it has seen each stand
// still in the database, and what it has promised hosts while the database was away. Not durable: a broker that starts
// again starts to count again. Pure; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "control/events.h"

namespace tobari::broker::control {

// The times of one lease, all counted from when a host sends its request: it asks this often, pauses what may run
// elsewhere when it has no answer for so long, and nobody takes that to be elsewhere before. What lies between the last
// two is for clocks that differ, hypervisors that are slow and agents that must be started again.
inline constexpr std::chrono::seconds kRenewEvery{8};
inline constexpr std::chrono::seconds kFenceAfter{22};
inline constexpr std::chrono::seconds kReuseAfter{38};

class LeaseWatch {
 public:
  using Time = std::chrono::nanoseconds;  // of the broker's monotonic clock

  // What the database holds now, all hosts.
  void seen(std::span<const Host> hosts, Time now);
  // It could not be read. Nobody could renew anything meanwhile, so that time does not count.
  void database_away() { hosts_.clear(); }

  // Hosts to be called lost; what was counted is used up. When this names a host, the host has been fenced already,
  // and only a grant brings it back, after which HostSilent does nothing: it may take as long as it likes.
  [[nodiscard]] std::vector<HostSilent> silent(Time now);

  // While the database is away: this broker will call the host lost no sooner than kReuseAfter from now. A host to
  // which every broker has promised, while its lease was good, needs no grant, because nobody can take from it.
  void promise(const HostId& host, Time now) { promised_until_[host] = now + kReuseAfter; }

  // Since its lease was last seen to rise; nothing: it has not been yet.
  [[nodiscard]] std::optional<Time> age(const HostId& host, Time now) const;

 private:
  struct Watched {
    std::uint64_t lease = 0;
    bool lost = false;
    Time since{};
    std::optional<Time> risen{};
  };
  std::map<HostId, Watched> hosts_;
  std::map<HostId, Time> promised_until_;
};

}  // namespace tobari::broker::control
