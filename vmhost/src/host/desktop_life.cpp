// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop that rests, how its use ends, and what its user is told before.
#include <algorithm>
#include <chrono>
#include <utility>

#include <tobari/base/log.h>

#include "host/claims.h"
#include "host/desktop.h"
#include "host/lease_keeper.h"

namespace tobari::vmhost {
namespace {

std::int64_t wall_milliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

// ---- rest

bool Desktop::unwilling() const { return Loop::Steady::now() < rest_again_; }

wire::Rest Desktop::resting() const {
  if (running_) return paused_ ? wire::REST_SUSPENDED : wire::REST_STOPPED;
  return saved_ ? wire::REST_SAVED : wire::REST_STOPPED;
}

void Desktop::call_to_rest(RestCall call, std::function<void(const Result<void>&)> then) {
  busy_ = changing_ = true;
  auto job = [&hypervisor = services_.hypervisor, id = id_, call] { return (hypervisor.*call)(id); };
  worker().run(std::move(job), [self = shared_from_this(), then = std::move(then)](const Result<void>& done) {
    self->busy_ = self->changing_ = false;
    self->changed_at_ = Loop::Steady::now();
    then(done);
    self->services_.changed();
  });
}

// Its user's work stays as it is: what cannot be saved is suspended, what cannot be suspended runs on.
void Desktop::cannot_rest(const char* what, const Error& error) {
  rest_again_ = Loop::Steady::now() + services_.times.rest_again;
  const bool away = error.code == Errc::kUnavailable;
  if (away) rest_again_ = Loop::Steady::now() + services_.times.hypervisor_again;
  rest_timer_ = services_.loop.after(away ? services_.times.hypervisor_again : services_.times.rest_again,
                                     [this] { services_.changed(); });
  log::error("desktop cannot be put to rest", {{"desktop", id_.str()}, {"how", what}, {"reason", describe(error)}});
}

void Desktop::suspend() {
  call_to_rest(&Hypervisor::suspend, [this](const Result<void>& done) {
    if (!done) return cannot_rest("suspend", done.error());
    paused_ = true;
    source_timer_.reset();
    if (connected_session_.empty()) display_.reset();  // nobody looks, and it costs memory
    log::info("desktop is suspended", {{"desktop", id_.str()}});
  });
}

void Desktop::save() {
  stopping_ = true;
  call_to_rest(&Hypervisor::save, [this](const Result<void>& done) {
    if (done) {
      saved_ = true;
      log::info("desktop is saved", {{"desktop", id_.str()}});
      return found(false);  // while it is known that this was meant
    }
    stopping_ = false;
    if (done.error().code == Errc::kUnavailable) return cannot_rest("save", done.error());
    log::warning("desktop cannot be saved and is suspended instead",
                 {{"desktop", id_.str()}, {"reason", describe(done.error())}});
    rest_as_ = Rest::kSuspended;
  });
}

void Desktop::resume() {
  call_to_rest(&Hypervisor::resume, [this](const Result<void>& done) {
    if (!done) return failed(done.error());
    runs_again();
  });
}

void Desktop::runs_again() {
  fenced_ = false;
  if (!std::exchange(paused_, false)) return;
  // One that the hypervisor suspends again at once, because a disk is full, is not resumed in a busy loop.
  rest_again_ = Loop::Steady::now() + services_.times.hypervisor_again;
  log::info("desktop goes on", {{"desktop", id_.str()}});
  // Its agent's line stayed open; one that does not answer is greeted anew, and told then.
  goes_on_ = guest_ == nullptr || !guest_->say(guest_clock(wall_milliseconds()));
  start_display();
  bring_disks();
}

// ---- what may not run

bool Desktop::may_run() const { return services_.lease == nullptr || !leased() || services_.lease->good(); }

// One that is going down goes at once. One that a worker is just starting is paused when it is seen to run.
void Desktop::fence() {
  if (!running_ || paused_ || fencing_ || changing_) return;
  fencing_ = true;
  if (stopping_) return pull_plug();
  busy_ = changing_ = true;
  auto job = [&hypervisor = services_.hypervisor, id = id_]() -> Result<bool> {
    const auto suspended = hypervisor.suspend(id);
    if (suspended) return true;
    if (suspended.error().code == Errc::kUnavailable || suspended.error().code == Errc::kNotFound) {
      return std::unexpected<Error>(suspended.error());
    }
    // Better lost than running twice.
    TOBARI_TRY(hypervisor.stop(id, StopMode::kNow));
    return false;
  };
  worker().run(std::move(job), [self = shared_from_this()](const Result<bool>& paused) { self->on_fenced(paused); });
}

void Desktop::on_fenced(const Result<bool>& paused) {
  busy_ = changing_ = fencing_ = false;
  changed_at_ = Loop::Steady::now();
  end_display_sessions("this host has lost its brokers, and the desktop is paused");
  if (!paused) {
    log::error("desktop is not paused yet", {{"desktop", id_.str()}, {"reason", describe(paused.error())}});
    rest_timer_ = services_.loop.after(services_.times.hypervisor_again, [this] { services_.changed(); });
    return;
  }
  if (*paused) {
    log::warning("desktop is paused until the lease is good again", {{"desktop", id_.str()}});
    paused_ = fenced_ = true;
    source_timer_.reset();
  } else {
    log::error("desktop cannot be paused and was ended", {{"desktop", id_.str()}});
    stopping_ = true;
    found(false);  // while it is known that this was meant
  }
  services_.changed();
}

void Desktop::end_display_sessions(const std::string& reason) {
  if (connected_session_.empty() || borrower_) return;
  wire::CloseSession close;
  close.set_session_id(connected_session_);
  close.set_reason(reason);
  drop(close);
}

void Desktop::restart_in_order() {
  if (!running_ || paused_ || failure_) return restart();
  stop();  // it is wanted on, and is started again when it is down
}

// ---- the end of its use

void Desktop::log_off_guest() {
  if (guest_ && guest_->say(guest_log_off())) return;
  log::warning("guest is not told to log off: it does not answer", {{"desktop", id_.str()}});
}

void Desktop::on_guest_news(const GuestEvent& event) {
  using Kind = GuestEvent::Kind;
  if (event.kind == Kind::kLoggedOff && !stopping_) {
    log::info("guest's user has logged off", {{"desktop", id_.str()}});
    logged_off_ = true;
    services_.changed();
  }
  if (!bringing_) return;
  if (event.kind == Kind::kDone && event.text == "home") disk_is_there();
  if (event.kind == Kind::kRefused && event.text.starts_with("home")) {
    disk_failed("the guest cannot use it: " + bounded(event.text));
  }
}

// ---- what is said over its picture

void Desktop::take_ending(const wire::DesiredDesktop& wanted) {
  const bool had = ending_at_.has_value();
  ending_at_.reset();
  ending_text_.clear();
  if (wanted.has_ending()) {
    ending_at_ = Loop::Steady::now() + std::chrono::seconds(wanted.ending().in_seconds());
    ending_text_ = bounded(wanted.ending().text());
  }
  if (had || ending_at_) warn_display();
}

wire::Warn Desktop::warning() const {
  wire::Warn warn;
  if (!ending_at_) return warn;
  const auto left = std::chrono::ceil<std::chrono::seconds>(*ending_at_ - Loop::Steady::now()).count();
  warn.set_in_seconds(static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0)));
  warn.set_text(ending_text_.empty() ? "Save your work: this desktop ends." : ending_text_);
  return warn;
}

void Desktop::warn_display() {
  if (!display_ || !display_->ready()) return;
  wire::ToDisplay message;
  *message.mutable_warn() = warning();
  if (const auto sent = display_->send(message); !sent) {
    log::warning("user is not told that the desktop ends", {{"desktop", id_.str()}, {"reason", sent.error().message}});
  }
}

}  // namespace tobari::vmhost
