// SPDX-License-Identifier: GPL-3.0-or-later
#include "fence/fence.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include <utility>

#include <sys/timerfd.h>

#include <tobari/base/log.h>

namespace tobari::vmhost {

Result<std::unique_ptr<Fence>> Fence::create(Parts parts, Times times) {
  TOBARI_ASSIGN(std::string boot, boot_id());
  // Goes on while the machine sleeps, and is over at once when it wakes up later.
  UniqueFd timer(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return fail_errno(errno, "make a timer");
  return std::unique_ptr<Fence>(new Fence(std::move(parts), times, std::move(boot), std::move(timer)));
}

Fence::Fence(Parts parts, Times times, std::string boot, UniqueFd timer)
    : parts_(std::move(parts)),
      times_(times),
      boot_(std::move(boot)),
      timer_(std::move(timer)),
      worker_(std::make_unique<Worker>(parts_.loop)) {
  watch_ = parts_.loop.watch(timer_.get(), POLLIN, [this](short) {
    std::uint64_t times_over = 0;
    [[maybe_unused]] const auto got = ::read(timer_.get(), &times_over, sizeof times_over);
    look();
  });
  look_again_at(boot_time());
}

void Fence::look_again_at(LeaseNote::Time when) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(when);
  itimerspec at{};
  at.it_value.tv_sec = whole.count();
  at.it_value.tv_nsec = (when - whole).count() + 1;  // never zero, which would be no time at all
  if (at.it_value.tv_nsec >= 1'000'000'000) at.it_value.tv_nsec = 999'999'999;
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void Fence::look() {
  auto read = read_lease_note(parts_.file, boot_);
  const bool damaged = !read && read.error().code != Errc::kNotFound;
  if (damaged && !std::exchange(unreadable_, true)) {
    log::error("the lease cannot be read, what was known of it holds", {{"reason", describe(read.error())}});
  }
  if (read) {
    unreadable_ = false;
    note_ = *std::move(read);
  }
  const LeaseNote::Time now = boot_time();
  // In this life of the machine no agent has run here yet: nor has a desktop.
  if (!note_) return look_again_at(now + times_.idle_every);
  if (now < note_->until + times_.grace) {
    if (perhaps_stopped_) let_go(now);
    const auto over_at = note_->until + times_.grace;
    return look_again_at(perhaps_stopped_ ? std::min(over_at, now + times_.look_every) : over_at);
  }
  hold(now);
  look_again_at(now + times_.look_every);
}

// ---- the lease is over

void Fence::hold(LeaseNote::Time now) {
  if (asking_) {
    if (now - asked_at_ >= times_.hypervisor_within) stop_processes(nullptr);
    return;
  }
  asking_ = true;
  asked_at_ = now;
  auto job = [&hypervisor = parts_.hypervisor, note = *note_, file = parts_.file]() -> Result<Outcome> {
    Outcome outcome;
    TOBARI_ASSIGN(const auto machines, hypervisor.list());
    for (const DomainInfo& each : machines) {
      if (each.is_template || !each.running || each.paused || note.always.contains(each.id)) continue;
      // It may have been renewed just now, and the agent's word holds then.
      const auto newer = read_lease_note(file, note.boot);
      if (newer && newer->until != note.until) break;
      const auto suspended = hypervisor.suspend(each.id);
      if (!suspended && suspended.error().code == Errc::kNotFound) continue;
      (suspended ? outcome.paused : outcome.failed).push_back(each.id);
    }
    return outcome;
  };
  worker_->run(std::move(job), [this](const Result<Outcome>& outcome) {
    asking_ = false;
    on_held(outcome);
  });
}

void Fence::on_held(const Result<Outcome>& outcome) {
  if (!outcome) {
    log::error("the hypervisor does not answer: machines' processes are stopped",
               {{"reason", describe(outcome.error())}});
    return stop_processes(nullptr);
  }
  for (const DesktopId& id : outcome->paused) {
    log::warning("desktop is paused: the lease has run out, and the agent did not do it", {{"desktop", id.str()}});
  }
  if (!outcome->failed.empty()) stop_processes(&outcome->failed);
}

void Fence::stop_processes(const std::vector<DesktopId>* which) {
  if (boot_time() < note_->until + times_.grace) return;  // renewed meanwhile
  std::set<DesktopId> found;
  const auto processes = parts_.processes != nullptr ? parts_.processes->list() : std::vector<MachineProcess>();
  for (const MachineProcess& each : processes) {
    const bool meant =
        which == nullptr ? !note_->always.contains(each.desktop) : std::ranges::contains(*which, each.desktop);
    if (!meant) continue;
    found.insert(each.desktop);
    if (each.frozen) continue;
    const auto frozen = parts_.processes->freeze(each);
    perhaps_stopped_ = true;
    if (frozen) log::warning("machine's process is stopped: the lease has run out", {{"desktop", each.desktop.str()}});
    if (!frozen && frozen.error().code != Errc::kNotFound) {
      log::error("machine's process is not stopped",
                 {{"desktop", each.desktop.str()}, {"reason", describe(frozen.error())}});
    }
  }
  if (which == nullptr) return;
  // What can be neither suspended nor stopped is ended: better lost than twice.
  for (const DesktopId& id : *which) {
    if (found.contains(id)) continue;
    worker_->run([&hypervisor = parts_.hypervisor, id] { return hypervisor.stop(id, StopMode::kNow); },
                 [id](const Result<void>& ended) {
                   log::error(ended ? "desktop is ended: it cannot be paused" : "desktop cannot be paused or ended",
                              {{"desktop", id.str()}});
                 });
  }
}

// ---- it is good again

void Fence::let_go(LeaseNote::Time now) {
  perhaps_stopped_ = false;
  if (parts_.processes == nullptr) return;
  for (const MachineProcess& each : parts_.processes->list()) {
    if (!each.frozen) continue;
    if (!note_->may_run(each.desktop, now)) {
      perhaps_stopped_ = true;  // the agent ends it, or says that it may
      continue;
    }
    const auto thawed = parts_.processes->thaw(each);
    if (thawed) log::info("machine's process goes on", {{"desktop", each.desktop.str()}});
    if (!thawed && thawed.error().code != Errc::kNotFound) perhaps_stopped_ = true;
  }
}

}  // namespace tobari::vmhost
