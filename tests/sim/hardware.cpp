// SPDX-License-Identifier: GPL-3.0-or-later
#include "hardware.h"

#include <format>
#include <utility>

#include "world.h"

namespace tobari::sim {
namespace {

std::pair<Moment, Moment> time_of(Hardware::Order what) {
  switch (what) {
    case Hardware::Order::kStart:
      return {200ms, 2s};
    case Hardware::Order::kAttachDisk:
      return {30ms, 300ms};
    default:
      return {10ms, 250ms};
  }
}

}  // namespace

Hardware::Hardware(World& world, std::size_t index, std::uint64_t seed)
    : hypervisor(world.engine, std::format("hypervisor {}", index)), world_(world), index_(index), chance_(seed) {}

// ---- power

void Hardware::power_on() {
  powered_ = true;
  asleep_ = false;
  ++boots_;
  const auto most = static_cast<std::uint64_t>(2 * world_.setup.drift + 1);
  // A number of a question is the time of its clock: two lives of a machine ask at other nanoseconds.
  clock_ = {.zero = world_.engine.now() - chance_.between(1s, 2s),
            .too_fast = static_cast<std::int64_t>(chance_.below(most)) - world_.setup.drift};
  hypervisor.start();
}

void Hardware::power_off() {
  powered_ = false;
  hypervisor.kill();
  clients.clear();
  for (auto& [id, machine] : machines) {
    machine.running = machine.suspended = machine.stopped = false;
    machine.user_disk = {};
  }
}

void Hardware::fall_asleep() {
  asleep_ = true;
  hypervisor.stand_still();
}

void Hardware::wake_up() {
  asleep_ = false;
  woken_at_ = world_.engine.now();
  hypervisor.go_on(hypervisor.life());
  for (const auto& [id, machine] : machines) {
    if (executes(machine)) world_.oracle.executes(index_, id);
  }
}

Moment Hardware::boot_time() const { return clock_.at(world_.engine.now()); }

// ---- machines

bool Hardware::executes(const DesktopId& id) const {
  const auto found = machines.find(id);
  return found != machines.end() && executes(found->second);
}

void Hardware::order(Process& by, Order what, const DesktopId& id, Done done, std::uint64_t epoch, UserDiskId disk) {
  const auto& [least, most] = time_of(what);
  world_.engine.in(hypervisor, chance_.between(least, most),
                   [this, what, id, epoch, disk = std::move(disk), done = std::move(done), &by, life = by.life()] {
                     const bool good = carry_out(what, id, epoch, disk);
                     world_.engine.in_life(by, life, chance_.between(1ms, 10ms), [done, good] { done(good); });
                   });
}

void Hardware::list(Process& by, std::function<void(std::vector<Listed>)> done) {
  world_.engine.in(hypervisor, chance_.between(5ms, 60ms), [this, done = std::move(done), &by, life = by.life()] {
    std::vector<Listed> all;
    for (const auto& [id, machine] : machines) {
      if (machine.running) all.push_back({id, true, machine.suspended});
    }
    world_.engine.in_life(by, life, chance_.between(1ms, 10ms), [done, all = std::move(all)] { done(all); });
  });
}

bool Hardware::carry_out(Order what, const DesktopId& id, std::uint64_t epoch, const UserDiskId& disk) {
  if (what == Order::kStart) return start(id, epoch);
  const auto found = machines.find(id);
  const bool there = found != machines.end() && found->second.running;
  if (what == Order::kPullPlug) {
    if (there) end(id, found->second);
    return true;
  }
  // One whose process is stopped does not answer.
  if (!there || found->second.stopped) return false;
  Machine& machine = found->second;
  switch (what) {
    case Order::kSuspend:
      machine.suspended = true;
      return true;
    case Order::kResume:
      machine.suspended = false;
      world_.oracle.executes(index_, id);
      return true;
    case Order::kAskToStop:
      ask_to_stop(id, machine);
      return true;
    case Order::kAttachDisk:
      machine.user_disk = disk;
      world_.oracle.executes(index_, id);
      return true;
    case Order::kStart:
    case Order::kPullPlug:
      break;
  }
  return false;
}

bool Hardware::start(const DesktopId& id, std::uint64_t epoch) {
  const auto found = machines.find(id);
  if (found == machines.end() || !found->second.disk) return false;  // deleted meanwhile
  Machine& machine = found->second;
  if (machine.running) return true;
  machine.running = true;
  ++machine.run;
  machine.epoch = epoch;
  if (world_.trace.on()) world_.trace.say("host {} starts machine {}", index_, brief(id));
  world_.oracle.executes(index_, id);
  return true;
}

void Hardware::ask_to_stop(const DesktopId& id, Machine& machine) {
  if (std::exchange(machine.suspended, false)) world_.oracle.executes(index_, id);
  if (chance_.chance(200)) return;  // its guest does not obey
  world_.engine.in(chance_.between(500ms, 8s), [this, id, run = machine.run] {
    const auto now = machines.find(id);
    if (now != machines.end() && now->second.run == run && executes(now->second)) end(id, now->second);
  });
}

void Hardware::end(const DesktopId& id, Machine& machine) {
  machine.running = machine.suspended = machine.stopped = false;
  machine.user_disk = {};
  if (world_.trace.on()) world_.trace.say("host {}: machine {} ends", index_, brief(id));
  if (!machine.disk) machines.erase(id);
  Agent& agent = world_.hosts[index_]->agent;
  world_.engine.in(agent.process, chance_.between(2ms, 50ms), [&agent] { agent.look(); });
}

// An order of an earlier life of the agent may have started it again.
void Hardware::remove_disk(const DesktopId& id) {
  const auto found = machines.find(id);
  if (found == machines.end()) return;
  found->second.disk = false;
  if (!found->second.running) machines.erase(found);
}

void Hardware::crash(const DesktopId& id) {
  const auto found = machines.find(id);
  if (found != machines.end() && found->second.running) end(id, found->second);
}

void Hardware::stop_process(const DesktopId& id) {
  const auto found = machines.find(id);
  if (found != machines.end() && found->second.running) found->second.stopped = true;
}

void Hardware::let_process_go_on(const DesktopId& id) {
  const auto found = machines.find(id);
  if (found == machines.end() || !std::exchange(found->second.stopped, false)) return;
  world_.oracle.executes(index_, id);
}

}  // namespace tobari::sim
