// SPDX-License-Identifier: GPL-3.0-or-later
// How users' work ends: log-offs, desktops that are somebody else's, sessions that are gone, notices on walls, disks
// that are deleted.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "host/host_agent.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxRemovedDisks = 256;  // host.proto
constexpr int kMaxCheckedSessions = 256;       // likewise

}  // namespace

void HostAgent::on_log_off(const wire::LogOffGuest& request) {
  const auto desktop = ordered(request.desktop_id(), request.epoch());
  // Whoever it is now, it is not the one who was to be logged off.
  if (!desktop) {
    return log::warning("log-off of a desktop that is not that any more", {{"desktop", request.desktop_id()}});
  }
  (*desktop)->log_off_guest();
}

// The machine goes on as it is wanted; whoever was let into it by an older order leaves. The broker closes sessions
// itself and says why; this is for when that gets lost, and for tokens that nobody has used yet.
void HostAgent::end_former_uses() {
  if (!taken_up_) return;
  for (const DesktopId& id : std::exchange(given_anew_, {})) {
    std::vector<std::string> sessions = held_.of(id.str());
    for (const auto& [session, wall] : walls_) {
      const bool shows_it = std::ranges::contains(wall->desktops(), id, [](const auto& each) { return each->id(); });
      if (shows_it && !std::ranges::contains(sessions, session)) sessions.push_back(session);
    }
    for (const std::string& session : sessions) {
      log::info("session ends: its desktop is given anew", {{"desktop", id.str()}, {"session", session}});
      wire::CloseSession close;
      close.set_session_id(session);
      close.set_reason("the desktop was given to somebody else, or made anew");
      on_close_session(close);
    }
  }
}

// What is not here any more ended without a word: this machine lost its power, or the report was lost. What may come
// has perhaps just come, to a display that an agent before us had and that has not said so yet.
void HostAgent::on_check_sessions(const wire::CheckSessions& request) {
  std::set<std::string> known;
  for (const auto& [id, each] : desktops_) known.insert(each->connected_session());
  for (const auto& [session, wall] : walls_) known.insert(session);
  for (const wire::SessionEvent& event : events_.pending()) {
    if (event.kind() == wire::SessionEvent::DISCONNECTED) known.insert(event.session_id());
  }
  const int most = std::min(request.session_ids_size(), kMaxCheckedSessions);
  for (int i = 0; i < most; ++i) {
    const auto session = SessionId::parse(request.session_ids(i));
    if (!session || known.contains(session->str()) || held_.may_come(session->str())) continue;
    if (events_.pending().size() >= EventQueue::kMax / 2) return;  // the broker asks again
    log::warning("session is over, and nobody had said so", {{"session", session->str()}});
    wire::SessionEvent event;
    event.set_session_id(session->str());
    event.set_kind(wire::SessionEvent::DISCONNECTED);
    event.set_detail("host restarted");
    event.set_event_id(session->str());
    keep_and_send(event);
    held_.over(session->str());
  }
}

// Of a wall's desktops the first one that ends speaks for all: the session ends with it.
void HostAgent::warn_walls() {
  for (const auto& [session, wall] : walls_) {
    wire::Warn warning;
    for (const auto& desktop : wall->desktops()) {
      if (!warning.text().empty()) break;
      warning = desktop->warning();
    }
    wall->warn(warning);
  }
}

void HostAgent::take_removed_disks(const wire::DesiredState& desired) {
  if (services_.user_disks == nullptr) return;
  std::map<UserDiskId, bool> wanted;
  for (const wire::UserDisk& each : desired.removed_user_disks()) {
    const auto id = UserDiskId::parse(each.id());
    if (!id || wanted.size() >= kMaxRemovedDisks) continue;
    const auto known = removed_disks_.find(*id);
    wanted.emplace(*id, known != removed_disks_.end() && known->second);
    if (known == removed_disks_.end()) remove_disk(*id, each.storage());
  }
  removed_disks_ = std::move(wanted);
}

// One that a desktop here still has is not touched: it goes with the desktop first.
void HostAgent::remove_disk(const UserDiskId& id, const std::string& storage) {
  auto job = [store = services_.user_disks, id, storage,
              held = services_.disk_claims != nullptr && services_.disk_claims->held(id)]() -> Result<void> {
    if (held) return fail(Errc::kAlreadyExists, "a desktop on this host still has it");
    return store->remove(id, storage);
  };
  services_.disk_worker.run(std::move(job), [this, id](const Result<void>& removed) {
    const auto wanted = removed_disks_.find(id);
    if (wanted == removed_disks_.end()) return;
    if (removed) {
      log::info("user's disk is deleted", {{"disk", id.str()}});
      wanted->second = true;
      return look();
    }
    log::error("user's disk is not deleted", {{"disk", id.str()}, {"reason", describe(removed.error())}});
    removed_disks_.erase(wanted);  // the next order, which comes with every change, tries again
  });
}

}  // namespace tobari::vmhost
