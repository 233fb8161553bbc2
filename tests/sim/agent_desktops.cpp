// SPDX-License-Identifier: GPL-3.0-or-later
// What is done to one desktop: vmhost/src/host/desktop.cpp, desktop_start.cpp, desktop_life.cpp, desktop_disks.cpp.
#include <algorithm>
#include <utility>

#include "agent.h"
#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kObeysWithin = 20s;  // DesktopTimes
constexpr Moment kHypervisorAgain = 1s;
constexpr Moment kDiskAgain = 5s;

}  // namespace

bool Agent::may_run(const Kept& kept) const {
  const bool leased = !kept.wanted || kept.wanted->leased;
  return world_.mistakes.nobody_pauses || !leased || lease_is_good();
}

// ---- what is

void Agent::found(const DesktopId& id, bool running) {
  Kept& kept = kept_[id];
  if (std::exchange(kept.running, running) == running) return;
  kept.guest_ready = false;
  if (running) {
    kept.gone = false;
    const std::uint64_t which = ++kept.came_up;
    world_.engine.in(process, chance_.between(300ms, 2500ms), [this, id, which] { guest_comes_up(id, which); });
    return;
  }
  kept.paused = kept.fencing = kept.logged_off = kept.bringing = false;
  kept.disks_there.clear();
  claims_.release(id);
  if (std::exchange(kept.stopping, false)) {
    kept.busy = kept.removing;
  } else if (!kept.busy) {
    kept.rests_until = world_.engine.now() + kHypervisorAgain;  // it crashed
    look_in(kHypervisorAgain);
  }
}

void Agent::guest_comes_up(const DesktopId& id, std::uint64_t which) {
  const auto kept = kept_.find(id);
  if (kept == kept_.end() || !kept->second.running || kept->second.came_up != which) return;
  if (!hardware_.executes(id)) {
    world_.engine.in(process, 500ms, [this, id, which] { guest_comes_up(id, which); });
    return;
  }
  kept->second.guest_ready = true;
  bring_disks(id);
  look();
}

void Agent::guest_logs_off(const DesktopId& id) {
  const auto kept = kept_.find(id);
  if (kept == kept_.end() || !kept->second.running || kept->second.stopping) return;
  kept->second.logged_off = true;
  look();
}

// ---- starting

void Agent::start_desktop(const DesktopId& id) {
  kept_[id].busy = true;
  world_.engine.in(process, chance_.between(30ms, 400ms), [this, id] {
    hardware_.machines[id].disk = true;
    power_on(id);
  });
}

// Preparing takes its time.
void Agent::power_on(const DesktopId& id) {
  Kept& kept = kept_[id];
  if (!kept.wanted || !may_run(kept)) return not_started(kept);
  if (kept.wanted->epoch < hardware_.epochs[id]) world_.oracle.obeyed_old_order(index_, id);
  kept.changing = true;
  const auto started = [this, id](bool good) {
    Kept& now = kept_[id];
    now.changing = false;
    now.changed_at = world_.engine.now();
    if (!good) return not_started(now);
    now.busy = false;
    found(id, true);
    look();
  };
  hardware_.order(process, Hardware::Order::kStart, id, started, kept.wanted->epoch);
}

void Agent::not_started(Kept& kept) {
  kept.busy = false;
  kept.rests_until = world_.engine.now() + kHypervisorAgain;
  look_in(kHypervisorAgain);
  look();
}

// ---- ending

void Agent::stop_desktop(const DesktopId& id) {
  Kept& kept = kept_[id];
  kept.busy = kept.stopping = true;
  // What was paused because it may run elsewhere does not go on for a moment in order to end.
  if (kept.paused && (!kept.wanted || !may_run(kept))) return pull_plug(id);
  world_.engine.in(process, kObeysWithin, [this, id, which = kept.came_up] {
    const auto now = kept_.find(id);
    if (now != kept_.end() && now->second.running && now->second.came_up == which) pull_plug(id);
  });
  hardware_.order(process, Hardware::Order::kAskToStop, id, [this](bool) { look(); });
}

void Agent::pull_plug(const DesktopId& id) {
  hardware_.order(process, Hardware::Order::kPullPlug, id, [this, id](bool) {
    Kept& kept = kept_[id];
    if (!kept.running) kept.busy = kept.stopping = kept.fencing = false;  // it was down already
    look();
  });
}

void Agent::remove_desktop(const DesktopId& id) {
  Kept& kept = kept_[id];
  kept.busy = kept.removing = kept.changing = true;
  kept.stopping = kept.running;
  if (!world_.mistakes.keeps_sessions) drop(id);
  if (world_.mistakes.forgets_to_delete) return nothing_is_left(id);
  hardware_.order(process, Hardware::Order::kPullPlug, id, [this, id](bool) {
    Kept& now = kept_[id];
    now.changing = false;
    now.changed_at = world_.engine.now();
    found(id, false);
    world_.engine.in(process, chance_.between(10ms, 200ms), [this, id] {
      hardware_.remove_disk(id);
      nothing_is_left(id);
    });
  });
}

void Agent::nothing_is_left(const DesktopId& id) {
  Kept& kept = kept_[id];
  kept.busy = kept.stopping = kept.removing = kept.changing = false;
  kept.gone = true;
  claims_.release(id);
  look();
}

// ---- rest, and what may not run

void Agent::suspend_desktop(const DesktopId& id) {
  Kept& kept = kept_[id];
  kept.busy = kept.changing = true;
  hardware_.order(process, Hardware::Order::kSuspend, id, [this, id](bool good) {
    Kept& now = kept_[id];
    now.busy = now.changing = false;
    now.changed_at = world_.engine.now();
    if (good) now.paused = true;
    look();
  });
}

void Agent::resume_desktop(const DesktopId& id) {
  Kept& kept = kept_[id];
  kept.busy = kept.changing = true;
  hardware_.order(process, Hardware::Order::kResume, id, [this, id](bool good) {
    Kept& now = kept_[id];
    now.busy = now.changing = false;
    now.changed_at = world_.engine.now();
    if (good) {
      now.paused = false;
      now.unwilling_until = world_.engine.now() + kHypervisorAgain;
      bring_disks(id);
    } else {
      now.rests_until = world_.engine.now() + kHypervisorAgain;
    }
    look_in(kHypervisorAgain);
    look();
  });
}

// One that is going down goes at once. One that is just being started is paused when it is seen to run.
void Agent::fence_desktop(const DesktopId& id) {
  Kept& kept = kept_[id];
  if (!kept.running || kept.paused || kept.fencing || kept.changing) return;
  kept.fencing = true;
  if (kept.stopping) return pull_plug(id);
  kept.busy = kept.changing = true;
  hardware_.order(process, Hardware::Order::kSuspend, id, [this, id](bool good) { on_fenced(id, good); });
}

void Agent::on_fenced(const DesktopId& id, bool paused) {
  Kept& kept = kept_[id];
  kept.busy = kept.changing = kept.fencing = false;
  kept.changed_at = world_.engine.now();
  drop(id);
  if (paused) {
    kept.paused = true;
  } else {
    look_in(kHypervisorAgain);
  }
  look();
}

// ---- users' disks

bool Agent::has_disks(const Kept& kept) const {
  return !kept.wanted || std::ranges::all_of(kept.wanted->disks, [&kept](const DiskOrder& disk) {
    return std::ranges::contains(kept.disks_there, disk.id);
  });
}

void Agent::bring_disks(const DesktopId& id) {
  Kept& kept = kept_[id];
  const bool up = kept.running && !kept.paused && !kept.stopping && kept.guest_ready;
  if (!up || !kept.wanted || kept.bringing || has_disks(kept)) return;
  const auto next = std::ranges::find_if(
      kept.wanted->disks, [&kept](const DiskOrder& disk) { return !std::ranges::contains(kept.disks_there, disk.id); });
  const auto again = [this, id, which = kept.came_up] {
    const auto now = kept_.find(id);
    if (now != kept_.end() && now->second.came_up == which) bring_disks(id);
  };
  if (!claims_.claim(next->id, next->epoch, id).has_value()) return world_.engine.in(process, kDiskAgain, again);
  kept.bringing = true;
  const auto attached = [this, id, disk = next->id, which = kept.came_up, again](bool good) {
    const auto now = kept_.find(id);
    if (now == kept_.end() || now->second.came_up != which || !now->second.running) return;
    now->second.bringing = false;
    if (!good) return world_.engine.in(process, kDiskAgain, again);
    now->second.disks_there.push_back(disk);
    look();
  };
  hardware_.order(process, Hardware::Order::kAttachDisk, id, attached, 0, next->id);
}

}  // namespace tobari::sim
