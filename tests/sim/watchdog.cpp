// SPDX-License-Identifier: GPL-3.0-or-later
#include "watchdog.h"

#include <algorithm>
#include <format>
#include <memory>
#include <string>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kGrace = 3s;  // Fence::Times
constexpr Moment kHypervisorWithin = 4s;
constexpr Moment kWatchEvery = 1s;
constexpr Moment kWatchIdleEvery = 5s;

}  // namespace

Watchdog::Watchdog(World& world, Hardware& hardware, std::size_t index, std::uint64_t seed)
    : process(world.engine, std::format("watchdog {}", index)),
      world_(world),
      hardware_(hardware),
      index_(index),
      chance_(seed) {}

void Watchdog::start() {
  if (world_.mistakes.nobody_pauses || world_.mistakes.no_watchdog) return;
  process.start();
  note_.reset();
  asking_ = false;
  perhaps_stopped_ = true;
  look_again_at(hardware_.boot_time());
}

void Watchdog::look_again_at(Moment when) {
  const Moment wait = hardware_.clock().really(when - hardware_.boot_time());
  world_.engine.in(process, wait, [this, turn = ++turn_] {
    if (turn == turn_) look();
  });
}

void Watchdog::look() {
  if (hardware_.note && hardware_.note->boot == std::to_string(hardware_.boots())) note_ = hardware_.note;
  const Moment now = hardware_.boot_time();
  if (!note_) return look_again_at(now + kWatchIdleEvery);
  const Moment over_at = note_->until + kGrace;
  if (now < over_at) {
    if (perhaps_stopped_) let_go(now);
    return look_again_at(perhaps_stopped_ ? std::min(over_at, now + kWatchEvery) : over_at);
  }
  hold(now);
  look_again_at(now + kWatchEvery);
}

void Watchdog::hold(Moment now) {
  if (asking_) {
    if (now - asked_at_ >= kHypervisorWithin) stop_processes(nullptr);
    return;
  }
  asking_ = true;
  asked_at_ = now;
  // One job of a thread of its own, which is in the hypervisor's hands.
  world_.engine.in(hardware_.hypervisor, chance_.between(10ms, 300ms), [this, note = *note_, life = process.life()] {
    const auto failed = std::make_shared<std::vector<DesktopId>>();
    hold_now(note, *failed);
    world_.engine.in_life(process, life, chance_.between(1ms, 20ms), [this, failed] {
      asking_ = false;
      if (!failed->empty()) stop_processes(failed.get());
    });
  });
}

void Watchdog::hold_now(const vmhost::LeaseNote& note, std::vector<DesktopId>& failed) {
  for (auto& [id, machine] : hardware_.machines) {
    if (!machine.running || machine.suspended || note.always.contains(id)) continue;
    // It may have been renewed just now, and the agent's word holds then.
    if (hardware_.note && hardware_.note->until != note.until) return;
    if (machine.stopped) {
      failed.push_back(id);
      continue;
    }
    machine.suspended = true;
    if (world_.trace.on()) world_.trace.say("host {}: the watchdog pauses {}", index_, brief(id));
  }
}

void Watchdog::stop_processes(const std::vector<DesktopId>* which) {
  if (hardware_.boot_time() < note_->until + kGrace) return;  // renewed meanwhile
  for (const auto& [id, machine] : hardware_.machines) {
    if (!machine.running) continue;
    const bool meant = which == nullptr ? !note_->always.contains(id) : std::ranges::contains(*which, id);
    if (!meant || machine.stopped) continue;
    hardware_.stop_process(id);
    perhaps_stopped_ = true;
    if (world_.trace.on()) world_.trace.say("host {}: the watchdog stops the process of {}", index_, brief(id));
  }
}

void Watchdog::let_go(Moment now) {
  perhaps_stopped_ = false;
  for (const auto& [id, machine] : hardware_.machines) {
    if (!machine.running || !machine.stopped) continue;
    if (note_->may_run(id, now)) {
      hardware_.let_process_go_on(id);
    } else {
      perhaps_stopped_ = true;  // the agent ends it, or says that it may
    }
  }
}

}  // namespace tobari::sim
