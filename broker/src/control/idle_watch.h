// SPDX-License-Identifier: GPL-3.0-or-later
// Since when users' desktops have had no client, by one broker's monotonic clock. Not durable: a broker that starts
// again starts to count again, as one that stood still does, so that nobody's desktop ends because a broker was away.
// Pure; one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>

#include "control/events.h"

namespace tobari::broker::control {

// Longer than this between two looks, and nobody knows who was there meanwhile. Looks are every 15 s.
inline constexpr std::chrono::seconds kMostBetweenLooks{40};

class IdleWatch {
 public:
  using Duration = std::chrono::nanoseconds;  // of the broker's monotonic clock

  // From when on a session counts that is over already: who came and went since the last look was there too.
  [[nodiscard]] Time since() const { return looked_wall_; }
  // Reader::unused_desktops() from since() to `wall`, of all pools for which somebody wants to know it.
  void seen(std::span<const Desktop> unused, Time wall, Duration now);
  // It could not be read: what was counted may be wrong.
  void database_away() { idle_since_.clear(); }

  // For Sweep.
  [[nodiscard]] std::map<DesktopId, std::chrono::seconds> idle(Duration now) const;

 private:
  std::map<DesktopId, Duration> idle_since_;
  std::optional<Duration> looked_at_;
  Time looked_wall_ = Time::max();  // the same by the wall clock, by which sessions are dated
};

// Whether anything happens to an idle desktop of this pool.
[[nodiscard]] bool minds_idle(const Pool& pool);
// The soonest that something may; nothing: never.
[[nodiscard]] std::optional<std::chrono::seconds> minds_idle_after(const Pool& pool);

}  // namespace tobari::broker::control
