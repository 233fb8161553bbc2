// SPDX-License-Identifier: GPL-3.0-or-later
// A user asks for the desktop of a pool, and gives it back.
#include <algorithm>
#include <format>
#include <map>
#include <utility>

#include "control/pool_image.h"
#include "control/steps.h"
#include "core/session_state.h"

namespace tobari::broker::control {
namespace {

// Beside the answers of the REST interface, whose keys are bare UUIDs.
std::string key_of(const RequestId& request) { return "assign/" + request.str(); }

// What this request got the first time, if it is a repetition.
Result<std::optional<Desktop>> answered_before(const Step& step, const Assign& event) {
  if (event.request.empty() || step.settings.planted.forget_requests) return std::optional<Desktop>();
  const auto stored = step.writer.reply(event.user, key_of(event.request));
  if (!stored.has_value()) {
    if (stored.error().code == Errc::kNotFound) return std::optional<Desktop>();
    return std::unexpected<Error>(stored.error());
  }
  TOBARI_ASSIGN(const DesktopId id, DesktopId::parse(stored->body));
  auto desktop = step.writer.desktop(id);
  if (desktop.has_value() && desktop->user == event.user && desktop->pool == event.pool) {
    return std::optional(std::move(*desktop));
  }
  if (!desktop.has_value() && desktop.error().code != Errc::kNotFound) return std::unexpected<Error>(desktop.error());
  return fail(Errc::kCancelled, "the desktop that this request got was given back since: ask anew");
}

Result<void> answer(Step& step, const Assign& event, Desktop desktop) {
  if (!event.request.empty() && !step.settings.planted.forget_requests) {
    TOBARI_TRY(step.writer.add_reply({.user = event.user,
                                      .key = key_of(event.request),
                                      .request_sha256 = "",
                                      .status = 0,
                                      .body = desktop.id.str(),
                                      .created_at = step.now}));
  }
  step.effects.assigned = std::move(desktop);
  return {};
}

// A host that is lost does not say that they are over, perhaps never, and they would count against what its user may
// have open.
Result<void> end_sessions_with(Step& step, const Desktop& desktop, const std::string& why) {
  TOBARI_ASSIGN(const auto live, step.writer.live_sessions_of_user(desktop.user));
  for (const Session& session : live) {
    if (!shows(session, desktop.id)) continue;
    TOBARI_TRY(
        step.writer.update_session(session.id, SessionState::kEnded, session.client_address, session.client_name, why));
  }
  return {};
}

// Nothing when the user has none, or had one whose host is lost: that one is retired then.
Result<std::optional<Desktop>> own_desktop(Step& step, const Assign& event, const Pool& pool) {
  auto own = step.writer.desktop_in_pool(event.user, pool.id);
  if (!own.has_value()) {
    if (own.error().code == Errc::kNotFound) return std::optional<Desktop>();
    return std::unexpected<Error>(own.error());
  }
  if (pool.kind != PoolKind::kFloating) return std::optional(std::move(*own));
  TOBARI_ASSIGN(const Host host, step.writer.host(own->host));
  const bool away = step.settings.planted.move_when_silent && !event.facts->connected.contains(own->host);
  if (!host.lost && !away) return std::optional(std::move(*own));
  const std::string why = std::format("host {} is lost", own->host_name);
  if (host.lost) TOBARI_TRY(end_sessions_with(step, *own, why));
  TOBARI_TRY(step.retire(*own, event.who, "desktop.move", why));
  return std::optional<Desktop>();
}

// How soon it could be shown; less is sooner.
int distance_of(const Desktop& spare, const Facts& facts) {
  if (spare.power == Power::kOn) return facts.running.contains(spare.id) ? 0 : 1;
  if (spare.rest == Rest::kSuspended) return 2;
  return spare.rest == Rest::kSaved ? 3 : 4;
}

Result<bool> takes_users(const Step& step, const HostId& id) {
  const auto host = step.writer.host(id);
  if (!host.has_value() && host.error().code == Errc::kNotFound) return false;
  TOBARI_TRY(host);
  return !host->lost && host->mode == HostMode::kReady;
}

// The best of the spares that stand where a desktop can be shown: one that runs already, before one that is on its way,
// before one that rests. `disk`: its user's, which must be within reach.
Result<std::optional<Desktop>> spare_among(const Step& step, std::vector<Desktop> spares, const std::string& image,
                                           const Facts& facts, const DiskClaim* disk) {
  std::erase_if(spares, [&](const Desktop& spare) {
    return !facts.connected.contains(spare.host) || spare.image != image || facts.failed.contains(spare.id) ||
           (disk != nullptr && !reachable(*disk, spare.host, facts));
  });
  std::ranges::stable_sort(spares, {}, [&facts](const Desktop& spare) { return distance_of(spare, facts); });
  std::map<HostId, bool> known;
  for (Desktop& spare : spares) {
    auto at = known.find(spare.host);
    if (at == known.end()) {
      TOBARI_ASSIGN(const bool good, takes_users(step, spare.host));
      at = known.emplace(spare.host, good).first;
    }
    if (at->second) return std::optional(std::move(spare));
  }
  return std::optional<Desktop>();
}

// Nearly always one of the first few runs, and everybody waits while more are read.
Result<std::optional<Desktop>> spare_for(const Step& step, const Pool& pool, const Facts& facts,
                                         const DiskClaim* disk) {
  TOBARI_ASSIGN(auto few, step.writer.spares(pool.id, kSparesLookedAtFirst));
  if (few.empty()) return std::optional<Desktop>();
  const bool all = few.size() < kSparesLookedAtFirst;
  TOBARI_ASSIGN(const std::string image, image_of(step.writer, pool.image));
  TOBARI_ASSIGN(auto found, spare_among(step, std::move(few), image, facts, disk));
  if (all || (found.has_value() && distance_of(*found, facts) == 0)) return found;
  TOBARI_ASSIGN(auto many, step.writer.spares(pool.id, kMaxSparesLookedAt));
  return spare_among(step, std::move(many), image, facts, disk);
}

Result<Desktop> take_spare(Step& step, const Assign& event, const User& user, const Desktop& spare) {
  TOBARI_TRY(step.writer.assign_desktop(spare.id, spare.epoch, user.id));
  if (spare.power == Power::kOff) TOBARI_TRY(step.writer.set_power(spare.id, Power::kOn));
  step.effects.changed.insert(spare.host);
  step.effects.more = true;
  TOBARI_ASSIGN(Desktop desktop, step.writer.desktop(spare.id));
  TOBARI_TRY(step.record(event.who, "desktop.assign", desktop.id.str(),
                         std::format("{} for {} in pool {}, a spare on {}", desktop.name, user.name, desktop.pool_name,
                                     desktop.host_name)));
  return desktop;
}

}  // namespace

Result<void> assign(Step& step, const Assign& event) {
  TOBARI_ASSIGN(const Pool pool, step.writer.pool(event.pool));
  TOBARI_ASSIGN(auto before, answered_before(step, event));
  if (before.has_value()) {
    step.effects.assigned = std::move(before);
    return {};
  }
  TOBARI_ASSIGN(auto own, own_desktop(step, event, pool));
  if (own.has_value()) return answer(step, event, *std::move(own));
  if (pool.kind == PoolKind::kManual) {
    return fail(Errc::kNotFound, std::format("no desktop of pool {} is yours: ask an administrator", pool.name));
  }
  if (!pool.open || pool.closing) {
    return fail(Errc::kPermissionDenied, std::format("pool {} is closed: nobody gets a desktop there now", pool.name));
  }
  TOBARI_ASSIGN(const User user, step.writer.user(event.user));
  const PlanDisk wanted = parse_pool_plan(pool.plan).value_or(PoolPlan{}).disk;
  std::optional<DiskClaim> disk;
  if (!wanted.name.empty()) {
    TOBARI_ASSIGN(disk, look_for_disk(step, user, wanted));
  }
  const DiskClaim* const claim = disk.has_value() ? &*disk : nullptr;
  TOBARI_ASSIGN(const auto spare, spare_for(step, pool, *event.facts, claim));
  if (spare.has_value()) {
    TOBARI_ASSIGN(Desktop desktop, take_spare(step, event, user, *spare));
    if (claim != nullptr) TOBARI_TRY(claim_disk(step, *claim, user, desktop, event.who));
    return answer(step, event, std::move(desktop));
  }
  TOBARI_ASSIGN(const PoolFill fill, step.writer.pool_fill(pool.id));
  if (fill.desktops >= pool.max) {
    step.effects.more = true;
    return fail(Errc::kExhausted, std::format("pool {} has {} desktops, which is its maximum: try again later",
                                              pool.name, fill.desktops));
  }
  TOBARI_ASSIGN(Desktop desktop, step.make(pool, user, event.fresh, *event.facts, event.who, claim));
  if (claim != nullptr) TOBARI_TRY(claim_disk(step, *claim, user, desktop, event.who));
  return answer(step, event, std::move(desktop));
}

Result<void> give_back(Step& step, const GiveBack& event) {
  const auto desktop = step.writer.desktop(event.desktop);
  if (!desktop.has_value()) {
    if (desktop.error().code == Errc::kNotFound) return {};
    return std::unexpected<Error>(desktop.error());
  }
  if (desktop->user != event.user || desktop->power == Power::kDeleted) return {};
  if (desktop->pool.empty() || desktop->pool_kind != PoolKind::kFloating) {
    return fail(Errc::kInvalidArgument, "only a floating desktop is given back: this one is kept for its user");
  }
  step.effects.more = true;
  return step.retire(*desktop, event.who, "desktop.release", event.reason);
}

}  // namespace tobari::broker::control
