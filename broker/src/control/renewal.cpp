// SPDX-License-Identifier: GPL-3.0-or-later
#include "control/renewal.h"

#include <algorithm>
#include <format>

#include "control/pool_image.h"

namespace tobari::broker::control {

Result<bool> renew_if_due(Step& step, const Desktop& desktop, const Facts& facts) {
  if (desktop.pool.empty() || desktop.pool_kind != PoolKind::kDedicated || desktop.power == Power::kDeleted)
    return false;
  // What is suspended or saved has its user in it.
  if (desktop.power == Power::kOff && desktop.rest != Rest::kStopped) return false;
  TOBARI_ASSIGN(const Pool pool, step.writer.pool(desktop.pool));
  if (pool.renewal != Renewal::kAtLogOff || pool.closing) return false;
  const auto image = image_of(step.writer, pool.image);
  if (!image.has_value()) {
    const Errc code = image.error().code;
    if (code == Errc::kNotFound || code == Errc::kInvalidArgument) return false;
    return std::unexpected<Error>(image.error());
  }
  if (*image == desktop.image) return false;
  const auto host = facts.connected.find(desktop.host);
  if (host == facts.connected.end() || !std::ranges::contains(host->second.images, *image)) return false;
  TOBARI_TRY(step.writer.renew_desktop(desktop.id, desktop.epoch, *image));
  step.effects.changed.insert(desktop.host);
  if (desktop.power == Power::kOn) {
    step.effects.ended.push_back({desktop.id, desktop.user, "the desktop is made anew from a newer image"});
  }
  TOBARI_TRY(step.record({}, "desktop.renew", desktop.id.str(),
                         std::format("{} of {} in pool {}: {} instead of {}", desktop.name, desktop.user_name,
                                     pool.name, *image, desktop.image)));
  return true;
}

Result<void> renew_those_off(Step& step, const Pool& pool, const Facts& facts) {
  if (pool.kind != PoolKind::kDedicated || pool.renewal != Renewal::kAtLogOff || pool.closing) return {};
  const auto image = image_of(step.writer, pool.image);
  if (!image.has_value()) return {};  // nothing to move to
  TOBARI_ASSIGN(const auto due, step.writer.desktops_to_renew(pool.id, *image, kMaxRenewalsLookedAt));
  std::size_t renewed = 0;
  for (const Desktop& desktop : due) {
    if (renewed == kMaxRenewedPerSweep) {
      step.effects.more = true;
      return {};
    }
    TOBARI_ASSIGN(const bool done, renew_if_due(step, desktop, facts));
    if (done) ++renewed;
  }
  return {};
}

}  // namespace tobari::broker::control
