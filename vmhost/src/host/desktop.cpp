// SPDX-License-Identifier: GPL-3.0-or-later
// The VM's life. How it starts: desktop_start.cpp; its display: desktop_display.cpp.
#include "host/desktop.h"

#include <algorithm>
#include <format>
#include <unistd.h>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/vmhost/ports.h>

#include "host/machine.h"

namespace tobari::vmhost {

Desktop::Desktop(DesktopServices& services, DesktopId id, std::uint32_t slot)
    : services_(services), id_(std::move(id)), slot_(slot), budget_(services.restarts) {}

// ---- what should be

void Desktop::want(const wire::DesiredDesktop& wanted) {
  const bool fresh = !wanted_ || wanted_->epoch() < wanted.epoch() || wanted_->power() != wanted.power();
  if (!wanted_ || wanted_->epoch() < wanted.epoch()) logged_off_ = false;  // it is another user's
  if (fresh || wanted_->rest() != wanted.rest()) {
    rest_as_.reset();
    rest_again_ = {};
  }
  if (fresh) {
    failure_.reset();
    budget_.reset();
    rest_until_ = {};
    gone_ = false;
  }
  take_ending(wanted);
  if (running_ && wanted_ && wanted_->disk() != wanted.disk()) old_disk_ = true;
  wanted_ = wanted;
  budget_.set_limits(crash_policy().limits(services_.restarts));
  bring_disks();
}

CrashPolicy Desktop::crash_policy() const {
  CrashPolicy policy;
  if (!wanted_) return policy;
  policy.stay_off = wanted_->on_crash() == wire::DesiredDesktop::STAY_OFF;
  if (wanted_->has_crash_restarts()) policy.restarts = wanted_->crash_restarts();
  return policy;
}

std::optional<WantedDesktop> Desktop::wanted() const {
  if (!wanted_) return std::nullopt;
  Power power = Power::kOff;
  if (wanted_->power() == wire::DesiredDesktop::ON) power = Power::kOn;
  if (wanted_->power() == wire::DesiredDesktop::DELETED) power = Power::kDeleted;
  Rest rest = Rest::kStopped;
  if (wanted_->rest() == wire::REST_SUSPENDED) rest = Rest::kSuspended;
  if (wanted_->rest() == wire::REST_SAVED) rest = Rest::kSaved;
  // It is made anew: first it goes down, also when it is wanted on again before anybody here saw it wanted off.
  if (old_disk_ && power != Power::kDeleted) return WantedDesktop{id_, wanted_->epoch(), Power::kOff, Rest::kStopped};
  return WantedDesktop{id_, wanted_->epoch(), power, rest_as_.value_or(rest)};
}

// ---- what is

bool Desktop::held() const { return failure_.has_value() || Loop::Steady::now() < rest_until_; }

wire::ActualDesktop Desktop::actual() const {
  wire::ActualDesktop actual;
  actual.set_desktop_id(id_.str());
  const bool on = wanted_ && wanted_->power() == wire::DesiredDesktop::ON;
  if (failure_) {
    actual.set_state(wire::DESKTOP_STATE_FAILED);
    actual.set_detail(*failure_);
  } else if (running_ && paused_) {
    actual.set_state(on ? wire::DESKTOP_STATE_STARTING : wire::DESKTOP_STATE_STOPPED);
    if (fenced_) actual.set_detail("paused: its host has no lease");
  } else if (running_ && old_disk_ && on) {
    actual.set_state(wire::DESKTOP_STATE_STARTING);
    actual.set_detail("it is being made anew");
  } else if (running_) {
    const bool ready = (!has_agent_ || guest_ready_) && has_disks();
    actual.set_state(ready ? wire::DESKTOP_STATE_RUNNING : wire::DESKTOP_STATE_STARTING);
    if (!ready) actual.set_detail(disk_problem_);
  } else {
    actual.set_state(on ? wire::DESKTOP_STATE_STARTING : wire::DESKTOP_STATE_STOPPED);
  }
  actual.set_private_memory_mib(private_memory_mib_);
  actual.set_logged_off(logged_off_);
  actual.set_rest(resting());
  for (const std::string& disk : disks_there_) actual.add_user_disks(disk);
  return actual;
}

Desktop::CopyMemory Desktop::copy_memory() const {
  if (!wanted_ || private_memory_mib_ == 0 || !started_as_copy_.value_or(copied_)) return {};
  const std::uint32_t size = wanted_->memory_mib();
  return {.private_mib = private_memory_mib_, .shared_mib = size - std::min(size, private_memory_mib_)};
}

void Desktop::listed(bool running, Loop::Steady::time_point asked, bool paused, bool saved) {
  if (changing_ || asked < changed_at_) return;
  saved_ = saved;
  if (running_ && running && paused_ && !paused) runs_again();  // somebody else lets it go on
  paused_ = paused;
  found(running);
}

void Desktop::found(bool running) {
  if (std::exchange(running_, running) == running) return;
  if (running) {
    came_up();
  } else {
    went_down();
  }
}

void Desktop::came_up() {
  gone_ = false;
  guest_ready_ = false;
  // Perhaps started by an earlier life of this program: what the image says still holds.
  const auto manifest = wanted_ ? services_.images.manifest(wanted_->image()) : fail(Errc::kNotFound, "not wanted");
  has_agent_ = manifest && !manifest->agent_channel.empty();
  has_clipboard_ = manifest && !manifest->clipboard_channel.empty();
  one_screen_ = manifest && manifest->devices == DeviceModel::kFull;
  old_disk_ = !has_its_disk();
  copied_ = stands_on_template();
  card_is_due_ = (copied_ || is_container()) && services_.networks != nullptr;
  log::info("desktop runs", {{"desktop", id_.str()}});
  if (has_agent_) {
    guest_ = std::make_unique<GuestAgent>(services_.loop, id_.str(), agent_socket(), order_for_guest(),
                                          [this](bool ready) { on_guest(ready); });
    guest_->set_news([this](const GuestEvent& event) { on_guest_news(event); });
  } else {
    became_ready();
    if (std::exchange(card_is_due_, false)) attach_network();
  }
  if (copied_ || is_container()) measure_memory_in(services_.times.measure_first);
  if (!paused_) start_display();
  if (!has_agent_) bring_disks();
}

void Desktop::went_down() {
  guest_.reset();
  guest_ready_ = false;
  paused_ = false;
  fenced_ = fencing_ = false;
  logged_off_ = old_disk_ = false;
  forget_disks();
  plug_timer_.reset();
  source_timer_.reset();
  card_timer_.reset();
  memory_timer_.reset();
  private_memory_mib_ = 0;
  started_as_copy_.reset();
  if (std::exchange(stopping_, false)) {
    ordered_.reset();
    busy_ = removing_;
    log::info("desktop stopped", {{"desktop", id_.str()}});
  } else if (!busy_) {
    log::warning("desktop went down by itself", {{"desktop", id_.str()}});
    crashed();
  }
  if (!wanted_ || wanted_->power() != wire::DesiredDesktop::ON) end_display();
}

void Desktop::crashed() {
  if (!crash_policy().stays_off()) return failed({Errc::kIo, how_it_ended(), "", 0});
  ordered_.reset();
  failure_ = "its VM ended by itself, and its pool leaves it off then: restart it to go on";
}

std::uint32_t Desktop::heads() const { return wanted_ && !one_screen_ ? heads_within_bounds(wanted_->heads()) : 1; }

void Desktop::became_ready() {
  const auto ordered = std::exchange(ordered_, std::nullopt);
  if (!ordered || services_.metrics == nullptr) return;
  services_.metrics->desktop_started(copied_ ? HostMetrics::Start::kClone : HostMetrics::Start::kBoot,
                                     Loop::Steady::now() - *ordered);
}

// Rests before the next try, or gives up: at once when trying again cannot help.
void Desktop::failed(const Error& error) {
  const auto now = Loop::Steady::now();
  if (error.code == Errc::kUnavailable) return rest_until(now + services_.times.hypervisor_again);
  if (std::exchange(ordered_, std::nullopt) && services_.metrics != nullptr) services_.metrics->start_failed();
  log::error("desktop failed", {{"desktop", id_.str()}, {"reason", describe(error)}});
  const bool hopeless = error.code == Errc::kInvalidArgument || error.code == Errc::kNotFound;
  const auto again = hopeless ? std::nullopt : budget_.died(now);
  if (again) return rest_until(*again);
  failure_ =
      hopeless ? error.message : std::format("given up after repeated failures; the last one: {}", error.message);
}

void Desktop::rest_until(Loop::Steady::time_point until) {
  rest_until_ = until;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(until - Loop::Steady::now());
  rest_timer_ = services_.loop.after(std::max(pause, std::chrono::milliseconds(0)), [this] { services_.changed(); });
}

// ---- stopping

void Desktop::stop(std::chrono::milliseconds obey_within) {
  busy_ = true;
  stopping_ = true;
  // What was paused because it may run elsewhere does not go on for a moment in order to end.
  if (paused_ && (!wanted_ || !may_run())) return pull_plug();
  plug_timer_ = services_.loop.after(obey_within, [this] { pull_plug(); });
  if (!paused_ && guest_ && guest_->ask_shutdown()) return;
  auto job = [&hypervisor = services_.hypervisor, id = id_]() -> Result<void> {
    static_cast<void>(hypervisor.resume(id));  // one that is suspended hears nothing
    return hypervisor.stop(id, StopMode::kAsk);
  };
  worker().run(std::move(job), [self = shared_from_this()](const Result<void>& asked) {
    if (!asked)
      log::warning("desktop cannot be asked to stop",
                   {{"desktop", self->id_.str()}, {"reason", asked.error().message}});
    self->services_.changed();
  });
}

void Desktop::pull_plug() {
  log::info("pulling the desktop's plug", {{"desktop", id_.str()}});
  auto job = [&hypervisor = services_.hypervisor, id = id_] { return hypervisor.stop(id, StopMode::kNow); };
  worker().run(std::move(job), [self = shared_from_this()](const Result<void>& stopped) {
    if (!stopped) {
      log::error("desktop does not stop", {{"desktop", self->id_.str()}, {"reason", stopped.error().message}});
      self->plug_timer_ = self->services_.loop.after(self->services_.times.hypervisor_again,
                                                     [desktop = self.get()] { desktop->pull_plug(); });
    } else if (!self->running_) {
      self->busy_ = self->stopping_ = self->fencing_ = false;  // it was down already
    }
    self->services_.changed();
  });
}

void Desktop::restart() {
  failure_.reset();
  budget_.reset();
  rest_until_ = {};
  if (!running_) {
    if (!saved_) return services_.changed();
    return call_to_rest(&Hypervisor::forget_saved, [this](const Result<void>& done) { saved_ = saved_ && !done; });
  }
  busy_ = true;
  stopping_ = true;
  pull_plug();
}

void Desktop::remove() {
  busy_ = removing_ = changing_ = true;
  end_display();
  guest_.reset();
  stopping_ = running_;
  auto job = [&hypervisor = services_.hypervisor, id = id_]() -> Result<void> {
    TOBARI_TRY(hypervisor.stop(id, StopMode::kNow));
    return hypervisor.undefine(id);
  };
  worker().run(std::move(job), [self = shared_from_this()](const Result<void>& undefined) {
    self->changing_ = false;
    self->changed_at_ = Loop::Steady::now();
    if (undefined) self->found(false);  // while it is known that this was meant
    auto disk_job = [self, undefined]() -> Result<void> {
      TOBARI_TRY(undefined);
      ::unlink(self->agent_socket().c_str());
      ::unlink(self->clipboard_socket().c_str());
      ::unlink(picture_port(self->services_.agents_dir, self->id_).c_str());
      if (self->services_.containers != nullptr) TOBARI_TRY(self->services_.containers->remove(self->id_));
      return self->services_.disks.remove(self->id_);
    };
    self->services_.disk_worker.run(std::move(disk_job), [self](const Result<void>& removed) {
      self->busy_ = self->stopping_ = self->removing_ = false;
      self->gone_ = removed.has_value();
      if (self->gone_ && self->services_.disk_claims != nullptr) self->services_.disk_claims->release(self->id_);
      if (removed) log::info("desktop deleted", {{"desktop", self->id_.str()}});
      // Deleting is tried for ever: it is not given up as a start is.
      if (!removed) {
        log::error("desktop is not deleted", {{"desktop", self->id_.str()}, {"reason", removed.error().message}});
        self->rest_until(Loop::Steady::now() + self->services_.times.hypervisor_again);
      }
      self->services_.changed();
    });
  });
}

std::string Desktop::how_it_ended() const {
  if (!is_container()) return "its VM ended by itself";
  const std::string words = services_.containers == nullptr ? "" : services_.containers->last_words(id_);
  return "its container ended by itself" + (words.empty() ? "" : ": " + words);
}

std::string Desktop::agent_socket() const { return agent_port(services_.agents_dir, id_); }
std::string Desktop::clipboard_socket() const { return clipboard_port(services_.agents_dir, id_); }

}  // namespace tobari::vmhost
