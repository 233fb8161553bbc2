// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/host_lease.h"

#include <algorithm>

namespace tobari::vmhost {

std::uint64_t HostLease::ask(Time now) {
  auto number = static_cast<std::uint64_t>(now.count());
  if (!asked_.empty()) number = std::max(number, asked_.back().first + 1);
  asked_.emplace_back(number, now);
  if (asked_.size() > kMostAsked) asked_.pop_front();
  return number;
}

std::optional<HostLease::Time> HostLease::asked_at(std::uint64_t number) const {
  const auto found = std::ranges::find(asked_, number, &std::pair<std::uint64_t, Time>::first);
  return found == asked_.end() ? std::nullopt : std::optional(found->second);
}

void HostLease::extend(Time asked) { until_ = std::max(until_, asked + times_.fence_after); }

void HostLease::granted(std::uint64_t number, std::uint64_t revision) {
  const auto asked = asked_at(number);
  if (!asked) return;
  if (revision <= revision_) return extend(*asked);
  waiting_.push_back({*asked, revision});
  if (waiting_.size() > kMostGrants) waiting_.pop_front();
}

void HostLease::has_revision(std::uint64_t revision) {
  revision_ = std::max(revision_, revision);
  std::erase_if(waiting_, [this](const Grant& grant) {
    if (grant.revision > revision_) return false;
    extend(grant.asked);
    return true;
  });
}

// Nobody takes anything from this host for as long as every broker has promised that; before that the lease held.
void HostLease::promised(std::size_t broker, std::uint64_t number, Time now) {
  const auto asked = asked_at(number);
  if (!asked || broker >= promised_.size() || !good(now)) return;
  promised_[broker] = std::max(promised_[broker], *asked + times_.fence_after);
  until_ = std::max(until_, *std::ranges::min_element(promised_));
}

}  // namespace tobari::vmhost
