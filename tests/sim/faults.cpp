// SPDX-License-Identifier: GPL-3.0-or-later
#include "faults.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kBootsWithin = 12s;
constexpr Moment kStartsAgain = 2s;
constexpr Moment kPausesWithin = 3s;  // the oracle's kAfterWaking

}  // namespace

void Faults::begin() {
  for (const Fault& fault : world_.setup.faults) {
    world_.engine.in(fault.at, [this, &fault] {
      if (!over_) happen(fault);
    });
  }
  if (world_.setup.ambushes == 0) return;
  world_.engine.set_ambush([this](Process& process, Moment delay) { ambush(process, delay); });
}

std::size_t Faults::some_host(const Fault& fault) const {
  return static_cast<std::size_t>(fault.which / 64 % world_.hosts.size());
}

std::size_t Faults::some_broker(const Fault& fault) const {
  return static_cast<std::size_t>(fault.which / 4096 % world_.brokers.size());
}

void Faults::happen(const Fault& fault) {
  if (world_.trace.on()) {
    world_.trace.say("FAULT {} (host {}, broker {}) for {:.1f} s", to_string(fault.kind), some_host(fault),
                     some_broker(fault), seconds_of(fault.lasts));
  }
  const std::size_t host = some_host(fault);
  switch (fault.kind) {
    case FaultKind::kBrokerDies:
      return kill_broker(some_broker(fault), fault.lasts);
    case FaultKind::kBrokerStops:
      return stop(world_.brokers[some_broker(fault)]->process, fault.lasts);
    case FaultKind::kAgentDies:
      return kill_agent(host, fault.lasts);
    case FaultKind::kAgentStops:
      if (may_lose_one(host)) stop(world_.hosts[host]->agent.process, fault.lasts);
      return;
    case FaultKind::kWatchdogDies:
      return kill_watchdog(host, fault.lasts);
    case FaultKind::kWatchdogStops:
      if (may_lose_one(host)) stop(world_.hosts[host]->watchdog.process, fault.lasts);
      return;
    case FaultKind::kPowerFails:
      return cut_power(host, fault.lasts);
    case FaultKind::kHostSleeps:
      return send_to_sleep(host, fault.lasts);
    case FaultKind::kHypervisorHangs:
      return hang_hypervisor(host, fault.lasts);
    case FaultKind::kLineCut:
      return cut_line(fault);
    case FaultKind::kHostCut:
      return cut_host(host, fault.lasts);
    case FaultKind::kPeopleCut:
      return cut_people(fault);
    case FaultKind::kDatabaseAway:
      return take_database(fault);
    case FaultKind::kDatabaseFull:
      return fill_database(fault.lasts);
    case FaultKind::kContention:
      return contend(fault.lasts);
    case FaultKind::kClockJumps:
      return set_clock(fault);
    case FaultKind::kMachineCrashes:
      return crash_machine(host);
    case FaultKind::kHostDrains:
      return drain(fault);
    case FaultKind::kUseEnds:
      return end_use(fault);
    case FaultKind::kGuestLogsOff:
      return log_guest_off(fault);
  }
}

// Between two steps of whoever is about to do something.
void Faults::ambush(Process& process, Moment delay) {
  if (over_ || !chance_.rarely(world_.setup.ambushes)) return;
  const bool dies = chance_.chance(600);
  const Moment lasts = chance_.chance(600) ? chance_.between(500ms, 9s) : chance_.between(20s, 50s);
  world_.engine.in(chance_.between(Moment(0), delay), [this, &process, dies, lasts] {
    if (over_ || !process.runs()) return;
    if (world_.trace.on()) world_.trace.say("AMBUSH {} {}", process.name(), dies ? "dies" : "stops");
    for (std::size_t i = 0; i < world_.brokers.size(); ++i) {
      if (&process != &world_.brokers[i]->process) continue;
      return dies ? kill_broker(i, lasts) : stop(process, lasts);
    }
    for (std::size_t i = 0; i < world_.hosts.size(); ++i) {
      HostModel& host = *world_.hosts[i];
      const bool is_agent = &process == &host.agent.process;
      if ((!is_agent && &process != &host.watchdog.process) || !may_lose_one(i)) continue;
      if (!dies) return stop(process, lasts);
      return is_agent ? kill_agent(i, lasts) : kill_watchdog(i, lasts);
    }
  });
}

// ---- processes

void Faults::kill_broker(std::size_t index, Moment lasts) {
  BrokerModel& broker = *world_.brokers[index];
  if (!broker.process.up()) return;
  broker.die();
  world_.engine.in(lasts, [&broker] {
    if (!broker.process.up()) broker.start();
  });
}

bool Faults::may_lose_one(std::size_t index) const {
  const HostModel& host = *world_.hosts[index];
  const bool never_there = world_.mistakes.no_watchdog || world_.mistakes.nobody_pauses;
  return host.hardware.powered() && !host.hardware.asleep() && host.agent.process.runs() &&
         (never_there || host.watchdog.process.runs());
}

void Faults::kill_agent(std::size_t index, Moment lasts) {
  if (!may_lose_one(index)) return;
  HostModel& host = *world_.hosts[index];
  host.agent.die();
  world_.engine.in(lasts, [&host, boots = host.hardware.boots()] {
    const bool same = host.hardware.powered() && host.hardware.boots() == boots;
    if (same && !host.hardware.asleep() && !host.agent.process.up()) host.agent.start();
  });
}

void Faults::kill_watchdog(std::size_t index, Moment lasts) {
  if (!may_lose_one(index)) return;
  HostModel& host = *world_.hosts[index];
  host.watchdog.process.kill();
  world_.engine.in(lasts, [&host, boots = host.hardware.boots()] {
    const bool same = host.hardware.powered() && host.hardware.boots() == boots;
    if (same && !host.watchdog.process.up()) host.watchdog.start();
  });
}

void Faults::stop(Process& process, Moment lasts) {
  if (!process.runs()) return;
  process.stand_still();
  world_.network.somebody_stands_still();
  world_.engine.in(lasts, [&process, life = process.life()] { process.go_on(life); });
}

// ---- hosts

void Faults::cut_power(std::size_t index, Moment lasts) {
  HostModel& host = *world_.hosts[index];
  if (!host.hardware.powered() || host.hardware.asleep()) return;
  host.hardware.power_off();
  host.agent.die();
  host.watchdog.process.kill();
  if (world_.setup.one_stays_away && gone_for_good_ >= world_.hosts.size()) gone_for_good_ = index;
  if (gone_for_good_ == index) return;
  world_.engine.in(lasts + chance_.between(3s, kBootsWithin), [this, index] { bring_back_host(index); });
}

void Faults::bring_back_host(std::size_t index) {
  HostModel& host = *world_.hosts[index];
  if (!host.hardware.powered() && index != gone_for_good_) host.power_on();
}

void Faults::send_to_sleep(std::size_t index, Moment lasts) {
  HostModel& host = *world_.hosts[index];
  // One that is not well would not wake up well either: that is another fault.
  if (!may_lose_one(index) || !host.hardware.hypervisor.runs()) return;
  host.hardware.fall_asleep();
  host.agent.process.stand_still();
  host.watchdog.process.stand_still();
  world_.network.somebody_stands_still();
  world_.engine.in(lasts, [this, index, boots = host.hardware.boots()] {
    if (world_.hosts[index]->hardware.boots() == boots) wake(index);
  });
}

void Faults::wake(std::size_t index) {
  HostModel& host = *world_.hosts[index];
  if (!host.hardware.asleep()) return;
  host.hardware.wake_up();
  host.watchdog.process.go_on(host.watchdog.process.life());
  host.agent.process.go_on(host.agent.process.life());
  world_.engine.in(3s, [this, index] { world_.oracle.look_at_host(index); });
}

void Faults::hang_hypervisor(std::size_t index, Moment lasts) {
  Hardware& hardware = world_.hosts[index]->hardware;
  if (!hardware.powered() || hardware.asleep() || !hardware.hypervisor.runs()) return;
  // While what has woken up is being paused, nothing bounds it but the hypervisor: known limits.
  const bool just_woken = world_.engine.now() - hardware.woken_at() < kPausesWithin;
  if (just_woken) return;
  hardware.hypervisor.stand_still();
  world_.engine.in(lasts, [&hardware, life = hardware.hypervisor.life()] { hardware.hypervisor.go_on(life); });
}

void Faults::crash_machine(std::size_t index) {
  Hardware& hardware = world_.hosts[index]->hardware;
  std::vector<DesktopId> running;
  for (const auto& [id, machine] : hardware.machines) {
    if (hardware.executes(machine)) running.push_back(id);
  }
  if (!running.empty()) hardware.crash(running[chance_.index(running.size())]);
}

// ---- the end

void Faults::make_ready() {
  for (const HostId& host : world_.host_ids) {
    BrokerModel& by = *world_.brokers.front();
    if (by.process.runs())
      by.decide_once(control::SetHostMode{.host = host, .mode = broker::HostMode::kReady, .who = {}});
  }
}

void Faults::end() {
  over_ = true;
  world_.engine.set_ambush({});
  world_.database.is_well();
  for (const auto& broker : world_.brokers) {
    broker->cut_off = false;
    broker->wall_off = std::chrono::seconds(0);
    while (broker->process.up() && !broker->process.runs()) broker->process.go_on(broker->process.life());
    world_.engine.in(chance_.between(100ms, kStartsAgain), [each = broker.get()] {
      if (!each->process.up()) each->start();
    });
  }
  for (std::size_t i = 0; i < world_.hosts.size(); ++i) {
    HostModel& host = *world_.hosts[i];
    wake(i);
    for (Process* const each : {&host.hardware.hypervisor, &host.watchdog.process, &host.agent.process}) {
      while (each->up() && !each->runs()) each->go_on(each->life());
    }
    world_.engine.in(chance_.between(100ms, host.hardware.powered() ? kStartsAgain : kBootsWithin), [this, i] {
      bring_back_host(i);
      HostModel& now = *world_.hosts[i];
      if (now.hardware.powered() && !now.agent.process.up()) now.agent.start();
      if (now.hardware.powered() && !now.watchdog.process.up()) now.watchdog.start();
    });
  }
  world_.network.become_calm();
  for (const Moment when : {Moment(3s), Moment(6s), Moment(10s)}) {
    world_.engine.in(when, [this] { make_ready(); });
  }
}

}  // namespace tobari::sim
