// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/thumbnail_limits.h"

#include <algorithm>

namespace tobari::broker {
namespace {

std::chrono::seconds until(Clock::Steady when, Clock::Steady now) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(when - now), std::chrono::seconds(1));
}

}  // namespace

std::optional<std::chrono::seconds> ThumbnailLimits::take(const std::string& viewer, const std::string& desktop,
                                                          Clock::Steady now) {
  make_room(now);
  Viewer& of = viewers_.try_emplace(viewer, Viewer{now, 0}).first->second;
  if (now - of.since >= kEvery) of = {now, 0};
  if (of.looks >= kPerViewer) return until(of.since + kEvery, now);
  const auto [at, first] = looks_.try_emplace({viewer, desktop}, Look{now, std::nullopt});
  if (!first && now - at->second.last < kEvery) return until(at->second.last + kEvery, now);
  at->second.last = now;
  ++of.looks;
  return std::nullopt;
}

bool ThumbnailLimits::record_due(const std::string& viewer, const std::string& desktop, Clock::Steady now) const {
  const auto at = looks_.find({viewer, desktop});
  return at == looks_.end() || !at->second.recorded || now - *at->second.recorded >= kRecordEvery;
}

void ThumbnailLimits::recorded(const std::string& viewer, const std::string& desktop, Clock::Steady now) {
  const auto at = looks_.find({viewer, desktop});
  if (at != looks_.end()) at->second.recorded = now;
}

void ThumbnailLimits::make_room(Clock::Steady now) {
  if (looks_.size() < kMaxLooks && viewers_.size() < kMaxLooks) return;
  std::erase_if(looks_, [now](const auto& entry) { return now - entry.second.last >= kRecordEvery; });
  std::erase_if(viewers_, [now](const auto& entry) { return now - entry.second.since >= kEvery; });
  if (looks_.size() >= kMaxLooks) looks_.erase(looks_.begin());
  if (viewers_.size() >= kMaxLooks) viewers_.erase(viewers_.begin());
}

}  // namespace tobari::broker
