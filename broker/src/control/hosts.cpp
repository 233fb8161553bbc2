// SPDX-License-Identifier: GPL-3.0-or-later
// Leases, and what hosts report of themselves.
//
// Why nobody runs twice: a host counts its lease from when it sent the request, so it has stopped what runs under it
// before anybody who saw the lease stand still for kReuseAfter commits HostSilent; and a lease that is granted later
// holds only for a host that has the desired state of that moment, which names what was taken from it.
#include <algorithm>
#include <format>
#include <map>

#include "control/steps.h"
#include "core/names.h"

namespace tobari::broker::control {

Result<void> leases_asked(Step& step, const LeasesAsked& event) {
  for (const LeaseAsk& ask : event.asks) {
    const auto before = step.writer.host(ask.host);
    if (!before.has_value()) {
      if (before.error().code == Errc::kNotFound) continue;  // removed meanwhile
      return std::unexpected<Error>(before.error());
    }
    TOBARI_ASSIGN(const Host host, step.writer.renew_lease(ask.host));
    if (before->lost) TOBARI_TRY(step.record({}, "host.back", host.id.str(), host.name));
    step.effects.leases.push_back({host.id, ask.number, host.revision});
    if (ask.revision < host.revision && !step.settings.planted.do_not_repeat) step.effects.changed.insert(host.id);
  }
  return {};
}

Result<void> host_silent(Step& step, const HostSilent& event) {
  const auto host = step.writer.host(event.host);
  if (!host.has_value()) {
    if (host.error().code == Errc::kNotFound) return {};
    return std::unexpected<Error>(host.error());
  }
  if (host->lease != event.lease || host->lost) return {};
  TOBARI_TRY(step.writer.set_host_lost(event.host));
  step.effects.more = true;
  return step.record({}, "host.lost", host->id.str(), std::format("{} has not renewed its lease", host->name));
}

namespace {

// A host knows a higher epoch or revision than we do: the database is older than the world, for example after a
// restore. Jump past it, or the host would refuse every order.
Result<void> pass(Step& step, const Host& host, const HostReported& event) {
  if (event.revision <= host.revision) return {};
  TOBARI_TRY(step.writer.set_revision(host.id, event.revision + 1));
  step.effects.changed.insert(host.id);
  return step.record({}, "host.revision", host.id.str(),
                     std::format("{} knew a higher one, now {}", host.name, event.revision + 1));
}

Result<void> pass(Step& step, const Desktop& ours, std::uint64_t seen) {
  const bool behind = step.settings.planted.believe_old_epochs && seen < ours.epoch && seen != 0;
  if (seen <= ours.epoch && !behind) return {};
  const std::uint64_t next = behind ? seen : seen + 1;
  TOBARI_TRY(step.writer.set_epoch(ours.id, next));
  step.effects.changed.insert(ours.host);
  return step.record({}, "desktop.epoch", ours.id.str(), std::format("the host knew a higher epoch, now {}", next));
}

}  // namespace

Result<void> host_reported(Step& step, const HostReported& event) {
  TOBARI_ASSIGN(const Host host, step.writer.host(event.host));
  TOBARI_TRY(pass(step, host, event));
  TOBARI_TRY(disks_reported(step, host, event));
  TOBARI_ASSIGN(const auto ours, step.writer.desktops_on_host(event.host));
  for (const SeenDesktop& seen : event.desktops) {
    const auto known = std::ranges::find(ours, seen.id, &Desktop::id);
    if (known == ours.end()) {
      step.effects.unknown.push_back(seen);
    } else {
      TOBARI_TRY(pass(step, *known, seen.epoch));
      if (seen.logged_off && seen.epoch == known->epoch) {
        TOBARI_TRY(logged_off(step, *known, event.facts.get(), {.actor = "host/" + host.name, .client_address = ""}));
      }
    }
  }
  for (const Desktop& desktop : ours) {
    // A report of before it was told proves nothing: the order to make the desktop may still be on its way.
    if (desktop.power != Power::kDeleted || event.revision < desktop.revision) continue;
    if (std::ranges::contains(event.desktops, desktop.id, &SeenDesktop::id)) continue;
    TOBARI_TRY(step.writer.remove_desktop(desktop.id));
    step.effects.changed.insert(host.id);
    TOBARI_TRY(step.record({.actor = "host/" + host.name, .client_address = ""}, "desktop.removed", desktop.id.str(),
                           desktop.user_name.empty() ? desktop.name : "of " + desktop.user_name));
  }
  return {};
}

namespace {

// As disks_reported() decides.
Result<bool> disks_change(const Reader& reader, const HostReported& event) {
  for (const UserDiskId& id : event.removed_disks) {
    const auto disk = reader.user_disk(id);
    if (disk.has_value() && disk->removing) return true;
    if (!disk.has_value() && disk.error().code != Errc::kNotFound) return std::unexpected<Error>(disk.error());
  }
  for (const SeenDesktop& seen : event.desktops) {
    for (const UserDiskId& id : seen.disks) {
      const auto disk = reader.user_disk(id);
      if (disk.has_value() && !disk->made) return true;
    }
  }
  return false;
}

}  // namespace

Result<ReportLook> look_at(const Reader& reader, const HostReported& event) {
  ReportLook look;
  TOBARI_ASSIGN(const Host host, reader.host(event.host));
  TOBARI_ASSIGN(const auto ours, reader.desktops_on_host(event.host));
  TOBARI_ASSIGN(look.changes, disks_change(reader, event));
  look.changes = look.changes || event.revision > host.revision;
  std::map<DesktopId, const Desktop*> left;
  for (const Desktop& desktop : ours) left.emplace(desktop.id, &desktop);
  for (const SeenDesktop& seen : event.desktops) {
    const auto known = left.find(seen.id);
    if (known == left.end()) {
      look.unknown.push_back(seen);
      continue;
    }
    const bool ends = seen.logged_off && seen.epoch == known->second->epoch && !known->second->user.empty() &&
                      known->second->power == Power::kOn;
    look.changes = look.changes || ends || seen.epoch > known->second->epoch;
    left.erase(known);
  }
  for (const auto& [id, desktop] : left) {
    look.changes = look.changes || (desktop->power == Power::kDeleted && event.revision >= desktop->revision);
  }
  return look;
}

Result<void> set_host_mode(Step& step, const SetHostMode& event) {
  TOBARI_ASSIGN(const Host host, step.writer.host(event.host));
  const bool moves = event.mode == HostMode::kDraining && event.how == DrainHow::kMove;
  if (moves) TOBARI_TRY(move_users(step, host, event));
  if (host.mode == event.mode) return {};
  if (event.mode == HostMode::kReady) TOBARI_TRY(let_users_stay(step, host));
  TOBARI_TRY(step.writer.set_host_mode(event.host, event.mode));
  step.effects.more = true;
  return step.record(event.who, event.mode == HostMode::kDraining ? "host.drain" : "host.resume", host.id.str(),
                     host.name);
}

}  // namespace tobari::broker::control
