// SPDX-License-Identifier: GPL-3.0-or-later
// Machines, people, and the end. What is stored: oracle_database.cpp.
#include "oracle.h"

#include <array>
#include <format>
#include <optional>
#include <utility>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr std::array<std::string_view, kRules> kRuleWords{
    "I1 called lost too early", "I2 runs without right", "I3 disk twice", "I4 two users", "I5 two for one",
    "I6 lost assignment",       "I7 goes back",          "I8 no record",  "I9 too slow",  "I10 leak",
    "I11 session stays"};

// A machine that has slept executes until its agent or watchdog has been able to act: docs/ARCHITECTURE.md, D68.
constexpr Moment kAfterWaking = 3s;
// That may pass between a decision and its end on a host that is well.
constexpr Moment kCarriedOutWithin = 25s;

}  // namespace

std::string_view to_string(Rule rule) noexcept { return kRuleWords[static_cast<std::size_t>(rule)]; }

Oracle::Oracle(World& world) : world_(world), hosts_(world.setup.hosts) {}

void Oracle::violated(Rule rule, std::string what) {
  if (world_.trace.on()) world_.trace.say("VIOLATION {}: {}", to_string(rule), what);
  if (std::exchange(found_[static_cast<std::size_t>(rule)], true)) return;
  violations_.push_back({rule, world_.engine.now(), std::move(what)});
}

// ---- machines

bool Oracle::just_woken(std::size_t host) const {
  return world_.engine.now() - world_.hosts[host]->hardware.woken_at() < kAfterWaking;
}

void Oracle::executes(std::size_t host, const DesktopId& id) {
  const Hardware& hardware = world_.hosts[host]->hardware;
  const auto machine = hardware.machines.find(id);
  if (machine == hardware.machines.end() || !hardware.executes(machine->second)) return;
  ++counts_.started;
  if (just_woken(host)) return;
  look_at_right(host, id, Rule::kRunsWithoutRight);
  if (!machine->second.user_disk.empty()) look_at_disk(id, machine->second.user_disk);
}

void Oracle::look_at_host(std::size_t host) {
  for (const auto& [id, machine] : world_.hosts[host]->hardware.machines) executes(host, id);
}

void Oracle::look_at_right(std::size_t host, const DesktopId& id, Rule rule) {
  const auto known = known_.find(id);
  if (known == known_.end() || just_woken(host)) return;
  if (known->second.dead) {
    violated(rule, std::format("{} executes on host {} after it may have been given anew", brief(id), host));
  } else if (hosts_[host].lost && (known->second.floating || known->second.deleted)) {
    violated(rule, std::format("{} executes on host {}, which is lost", brief(id), host));
  }
}

void Oracle::look_at_disk(const DesktopId& id, const UserDiskId& disk) {
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    if (just_woken(h)) continue;
    const Hardware& hardware = world_.hosts[h]->hardware;
    for (const auto& [other, machine] : hardware.machines) {
      if (other == id || machine.user_disk != disk || !hardware.executes(machine)) continue;
      violated(Rule::kDiskTwice, std::format("{} and {} both write a user's disk", brief(id), brief(other)));
    }
  }
}

void Oracle::obeyed_old_order(std::size_t host, const DesktopId& id) {
  violated(Rule::kGoesBack,
           std::format("host {} starts {} by an order that is older than one it had", host, brief(id)));
}

// ---- people

void Oracle::shown(const DesktopId& desktop, std::size_t person) {
  std::optional<std::size_t>& first = known_[desktop].shown_to;
  if (first && *first != person) {
    violated(Rule::kTwoUsers, std::format("{} is shown to person {} after person {}", brief(desktop), person, *first));
  }
  first = person;
}

void Oracle::acknowledged(std::size_t person, const DesktopId& desktop) {
  ++counts_.acknowledged;
  const auto known = known_.find(desktop);
  if (known != known_.end() && known->second.ever == world_.people[person]->user) return;
  violated(Rule::kLostAssignment,
           std::format("{} was acknowledged to person {}, and never was theirs", brief(desktop), person));
}

void Oracle::gave_back(std::size_t person, const DesktopId& desktop) {
  ++counts_.given_back;
  given_back_.insert(desktop);
  const auto known = known_.find(desktop);
  const bool kept = known != known_.end() && !known->second.deleted && !known->second.gone &&
                    known->second.user == world_.people[person]->user;
  if (kept) {
    violated(Rule::kLostAssignment,
             std::format("{} was given back by person {}, and is theirs", brief(desktop), person));
  }
}

bool Oracle::is_shown(std::size_t host, const DesktopId& id) const {
  return world_.hosts[host]->hardware.clients.contains(id);
}

// ---- when everything is whole

void Oracle::people_are_in() {
  for (const auto& person : world_.people) {
    if (!person->wants_in() || person->works()) continue;
    bool waits_for_host = false;  // whose dedicated desktop is on a host without power waits for that
    for (const auto& [id, known] : known_) {
      const bool its_own = known.user == person->user && !known.deleted && !known.gone;
      waits_for_host |= its_own && !known.floating && !world_.hosts[known.host]->hardware.powered();
    }
    if (waits_for_host) continue;
    violated(Rule::kTooSlow, std::format("person {} is not in, long after everything is whole", person->index()));
  }
}

void Oracle::look_at_stored(const DesktopId& id, const Known& known) {
  const Hardware& hardware = world_.hosts[known.host]->hardware;
  if (known.gone || !hardware.powered() || world_.engine.now() - known.changed < kCarriedOutWithin) return;
  if (known.deleted) {
    violated(Rule::kLeak, std::format("{} is deleted on host {}, and is not gone", brief(id), known.host));
  } else if (!hardware.executes(id)) {
    violated(Rule::kLeak, std::format("{} is wanted on host {}, and does not run", brief(id), known.host));
  }
}

void Oracle::nothing_is_left() {
  for (const auto& [id, known] : known_) look_at_stored(id, known);
  look_at_sessions();
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    const Hardware& hardware = world_.hosts[h]->hardware;
    if (!hardware.powered()) continue;
    for (const auto& [id, machine] : hardware.machines) {
      const auto known = known_.find(id);
      if (known != known_.end() && !known->second.gone && known->second.host == h) continue;
      if (machine.disk || machine.running) {
        violated(Rule::kLeak, std::format("{} is on host {}, and nobody knows of it", brief(id), h));
      }
    }
    for (const auto& [id, client] : hardware.clients) {
      const auto known = known_.find(id);
      const bool is_theirs = known != known_.end() && !known->second.gone && !known->second.deleted &&
                             known->second.user == world_.people[client.person]->user;
      const bool just_now = known != known_.end() && world_.engine.now() - known->second.changed < kCarriedOutWithin;
      if (is_theirs || just_now) continue;
      violated(Rule::kSessionStays,
               std::format("person {} is shown {}, which is not theirs", client.person, brief(id)));
    }
  }
}

}  // namespace tobari::sim
