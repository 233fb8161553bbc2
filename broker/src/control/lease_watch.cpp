// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/lease_watch.h"

#include <utility>

namespace tobari::broker::control {

void LeaseWatch::seen(std::span<const Host> hosts, Time now) {
  std::map<HostId, Watched> next;
  for (const Host& host : hosts) {
    Watched watched{.lease = host.lease, .lost = host.lost, .since = now};
    const auto known = hosts_.find(host.id);
    if (known != hosts_.end() && known->second.lease == host.lease) {
      watched.since = known->second.since;
      watched.risen = known->second.risen;
    } else if (known != hosts_.end()) {
      watched.risen = now;
    }
    next.emplace(host.id, watched);
  }
  hosts_ = std::move(next);
}

std::vector<HostSilent> LeaseWatch::silent(Time now) {
  std::erase_if(promised_until_, [now](const auto& entry) { return entry.second <= now; });
  std::vector<HostSilent> found;
  for (auto& [id, watched] : hosts_) {
    if (watched.lost || now - watched.since < kReuseAfter || promised_until_.contains(id)) continue;
    watched.since = now;
    found.push_back({id, watched.lease});
  }
  return found;
}

std::optional<LeaseWatch::Time> LeaseWatch::age(const HostId& host, Time now) const {
  const auto known = hosts_.find(host);
  if (known == hosts_.end() || !known->second.risen) return std::nullopt;
  return now - *known->second.risen;
}

}  // namespace tobari::broker::control
