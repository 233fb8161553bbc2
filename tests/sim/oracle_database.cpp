// SPDX-License-Identifier: GPL-3.0-or-later
// What is stored, compared with what was before. Everything is read again only when a host's revision or number of
// desktops has changed, which every change of a desktop does.
#include <algorithm>
#include <format>
#include <utility>
#include <variant>

#include "oracle.h"
#include "world.h"

namespace tobari::sim {

namespace control = broker::control;

void Oracle::committed(const control::Event& event, const control::Effects& effects) {
  note_reasons(event);
  look_at_request(event, effects);
  const auto done = world_.database.as_it_is().read([this, &event](const broker::Reader& reader) -> Result<void> {
    if (hosts_changed(reader)) scan(reader, event);
    return {};
  });
  if (!done.has_value()) violated(Rule::kLeak, "the database cannot be read by the oracle: " + done.error().message);
}

// ---- why a use may end

void Oracle::note_reasons(const control::Event& event) {
  if (const auto* const back = std::get_if<control::GiveBack>(&event)) {
    if (asked_back_.contains(back->desktop)) known_[back->desktop].may_end = true;
  } else if (const auto* const end = std::get_if<control::EndUse>(&event)) {
    known_[end->desktop].may_end = true;
  } else if (const auto* const mode = std::get_if<control::SetHostMode>(&event)) {
    if (mode->how != control::DrainHow::kMove || mode->mode != broker::HostMode::kDraining) return;
    for (auto& [id, known] : known_) known.may_end |= world_.host_ids[known.host] == mode->host;
  } else if (const auto* const report = std::get_if<control::HostReported>(&event)) {
    for (const control::SeenDesktop& seen : report->desktops) {
      if (seen.logged_off && logged_off_.contains(seen.id)) known_[seen.id].may_end = true;
    }
  }
}

// Its host is lost; or somebody asked for it; or nobody has been there for as long as the pool keeps it.
bool Oracle::has_reason(const DesktopId& id, const Known& known, const control::Event& event) const {
  if (known.may_end || hosts_[known.host].lost) return true;
  const auto* const sweep = std::get_if<control::Sweep>(&event);
  return sweep != nullptr && sweep->idle_for.contains(id) && world_.setup.keep < std::chrono::hours(1) &&
         !is_shown(known.host, id);
}

// ---- requests

void Oracle::look_at_request(const control::Event& event, const control::Effects& effects) {
  const auto* const asked = std::get_if<control::Assign>(&event);
  if (asked == nullptr || asked->request.empty() || !effects.assigned.has_value()) return;
  const auto [first, is_new] = requests_.try_emplace(asked->request, effects.assigned->id);
  if (is_new || first->second == effects.assigned->id) return;
  violated(Rule::kTwoForOne,
           std::format("one request got {} and {}", brief(first->second), brief(effects.assigned->id)));
}

// ---- hosts

bool Oracle::hosts_changed(const broker::Reader& reader) {
  const auto hosts = reader.hosts();
  if (!hosts.has_value()) return false;
  bool changed = false;
  for (const broker::Host& host : *hosts) {
    const std::size_t index = world_.host_index(host.id);
    KnownHost& known = hosts_[index];
    if (host.lease < known.lease || host.revision < known.revision) {
      violated(Rule::kGoesBack, std::format("the lease or revision of host {}", index));
    }
    changed = changed || host.revision != known.revision || host.desktops != known.desktops;
    const bool newly_lost = host.lost && !known.lost;
    known = {.lost = host.lost, .lease = host.lease, .revision = host.revision, .desktops = host.desktops};
    if (newly_lost) call_lost(index);
  }
  return changed;
}

void Oracle::call_lost(std::size_t host) {
  ++counts_.hosts_lost;
  if (world_.trace.on()) world_.trace.say("host {} is called lost", host);
  for (auto& [id, known] : known_) known.dead |= known.host == host && known.deleted;
  const Hardware& hardware = world_.hosts[host]->hardware;
  for (const auto& [id, machine] : hardware.machines) {
    if (hardware.executes(machine)) look_at_right(host, id, Rule::kCalledLostTooEarly);
  }
}

// ---- desktops

void Oracle::scan(const broker::Reader& reader, const control::Event& event) {
  const auto desktops = reader.desktops();
  const auto records = reader.audit_after(audited_, broker::kMaxAuditPage);
  if (!desktops.has_value() || !records.has_value()) return;
  ++scans_;
  on_record_.clear();
  for (const broker::AuditRecord& record : *records) {
    on_record_.insert(record.draft.object);
    audited_ = record.sequence;
  }
  for (const broker::Desktop& desktop : *desktops) compare(desktop, event);
  look_for_gone(event);
  look_for_second(*desktops);
}

void Oracle::need_record(const DesktopId& id) {
  if (on_record_.contains(id.str())) return;
  violated(Rule::kNoRecord, std::format("{} has changed, and no record says so", brief(id)));
}

void Oracle::compare(const broker::Desktop& desktop, const control::Event& event) {
  const auto [entry, is_new] = known_.try_emplace(desktop.id);
  Known& known = entry->second;
  const bool first = known.scan == 0;  // known before only by what somebody asked for
  known.scan = scans_;
  known.host = world_.host_index(desktop.host);
  known.floating = desktop.pool_kind == broker::PoolKind::kFloating && !desktop.pool.empty();
  const bool deleted = desktop.power == broker::Power::kDeleted;
  const bool other_user = desktop.user != known.user;
  const bool changed = first || other_user || deleted != known.deleted || desktop.epoch != known.epoch;
  if (!first && desktop.epoch < known.epoch) {
    violated(Rule::kGoesBack,
             std::format("the epoch of {}: {} after {}", brief(desktop.id), desktop.epoch, known.epoch));
  }
  if (!known.user.empty() && !known.deleted && (other_user || deleted)) use_ended(desktop.id, known, event);
  if (!desktop.user.empty() && !known.ever.empty() && known.ever != desktop.user) {
    violated(Rule::kTwoUsers, std::format("{} was somebody else's before", brief(desktop.id)));
  }
  if (!desktop.user.empty()) known.ever = desktop.user;
  if (!desktop.user.empty() && !deleted && given_back_.contains(desktop.id)) {
    violated(Rule::kLostAssignment, std::format("{} was given back, and is somebody's", brief(desktop.id)));
  }
  const bool newly_deleted = deleted && !known.deleted;
  known.user = desktop.user;
  known.deleted = deleted;
  known.epoch = desktop.epoch;
  if (!changed) return;
  known.changed = world_.engine.now();
  need_record(desktop.id);
  if (!newly_deleted || !hosts_[known.host].lost) return;
  ++counts_.given_anew;
  known.dead = true;
  if (world_.hosts[known.host]->hardware.executes(desktop.id)) {
    look_at_right(known.host, desktop.id, Rule::kRunsWithoutRight);
  }
}

void Oracle::use_ended(const DesktopId& id, const Known& known, const control::Event& event) {
  if (world_.trace.on()) world_.trace.say("the use of {} on host {} ends", brief(id), known.host);
  if (has_reason(id, known, event)) return;
  violated(Rule::kLostAssignment, std::format("{} is taken from its user, and nobody asked for that", brief(id)));
}

void Oracle::look_for_gone(const control::Event& event) {
  for (auto& [id, known] : known_) {
    if (known.gone || known.scan == 0 || known.scan == scans_) continue;
    if (!known.user.empty() && !known.deleted) use_ended(id, known, event);
    known.gone = true;
    known.changed = world_.engine.now();
    need_record(id);
  }
}

void Oracle::look_for_second(std::span<const broker::Desktop> desktops) {
  for (std::size_t i = 0; i < desktops.size(); ++i) {
    const broker::Desktop& one = desktops[i];
    if (one.user.empty() || one.power == broker::Power::kDeleted) continue;
    for (const broker::Desktop& other : desktops.subspan(i + 1)) {
      if (other.user != one.user || other.pool != one.pool || other.power == broker::Power::kDeleted) continue;
      violated(Rule::kTwoForOne, std::format("{} and {} are of one user in one pool", brief(one.id), brief(other.id)));
    }
  }
}

// ---- sessions, when everything is whole

// Of a host that is without power nobody can know more than it has said.
void Oracle::look_at_sessions() {
  const auto live = world_.database.as_it_is().get([](const broker::Reader& reader) { return reader.live_sessions(); });
  if (!live.has_value()) return;
  for (const broker::Session& session : *live) {
    const Hardware& hardware = world_.hosts[world_.host_index(session.host)]->hardware;
    if (session.state != broker::SessionState::kConnected || !hardware.powered()) continue;
    const bool is_shown = std::ranges::any_of(
        hardware.clients, [&session](const auto& entry) { return entry.second.session == session.id; });
    const bool on_its_way = std::ranges::contains(hardware.events, session.id, &SessionEvent::session);
    if (is_shown || on_its_way) continue;
    violated(Rule::kSessionStays,
             std::format("a session with {} counts as connected, and is over", brief(session.desktop)));
  }
}

}  // namespace tobari::sim
