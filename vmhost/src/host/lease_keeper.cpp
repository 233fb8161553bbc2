// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/lease_keeper.h"

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
namespace {

constexpr std::chrono::milliseconds kSoonest{200};  // between questions: lines may come and go

}  // namespace

Result<std::unique_ptr<LeaseKeeper>> LeaseKeeper::create(Loop& loop, Options options) {
  // Its clock goes on while the machine sleeps: a lease that ran out meanwhile is over when it wakes up.
  UniqueFd timer(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return fail_errno(errno, "make a timer");
  TOBARI_ASSIGN(std::string boot, boot_id());
  auto left = read_lease_note(options.file, boot);
  if (!left && left.error().code != Errc::kNotFound) {
    log::warning("the lease of before is not known", {{"reason", describe(left.error())}});
  }
  LeaseNote note = left ? *std::move(left) : LeaseNote();
  note.boot = std::move(boot);
  return std::unique_ptr<LeaseKeeper>(new LeaseKeeper(loop, std::move(options), std::move(note), std::move(timer)));
}

LeaseKeeper::LeaseKeeper(Loop& loop, Options options, LeaseNote note, UniqueFd timer)
    : loop_(loop),
      options_(std::move(options)),
      note_(std::move(note)),
      lease_(options_.brokers, options_.times, note_.until),
      timer_(std::move(timer)),
      was_good_(good()) {}

void LeaseKeeper::start(Send send, std::function<void()> changed) {
  send_ = std::move(send);
  changed_ = std::move(changed);
  watch_ = loop_.watch(timer_.get(), POLLIN, [this](short) {
    std::uint64_t times_over = 0;
    [[maybe_unused]] const auto got = ::read(timer_.get(), &times_over, sizeof times_over);
    on_time();
  });
  on_time();
}

void LeaseKeeper::on_time() {
  if (boot_time() >= ask_at_) ask();
  after_change();
}

void LeaseKeeper::set_timer() {
  const auto next = was_good_ ? std::min(ask_at_, lease_.until()) : ask_at_;
  const auto whole = std::chrono::floor<std::chrono::seconds>(next);
  itimerspec at{};
  at.it_value.tv_sec = whole.count();
  at.it_value.tv_nsec = std::max<std::int64_t>((next - whole).count(), 1);  // zero would be no time at all
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

// ---- asking

void LeaseKeeper::ask() {
  const auto now = boot_time();
  asked_at_ = now;
  ask_at_ = now + options_.times.ask_every;
  wire::FromHost message;
  message.mutable_ask_lease()->set_number(lease_.ask(now));
  message.mutable_ask_lease()->set_revision(revision_);
  if (send_) send_(message);
  mind_watchdog();
}

void LeaseKeeper::ask_now() {
  const auto now = boot_time();
  ask_at_ = std::max(now, asked_at_ + kSoonest);
  if (now >= ask_at_) ask();
  set_timer();
}

void LeaseKeeper::on_answer(std::size_t broker, const wire::LeaseAnswer& answer) {
  if (answer.kind() == wire::LeaseAnswer::GRANTED) lease_.granted(answer.number(), answer.revision());
  if (answer.kind() == wire::LeaseAnswer::PROMISED) lease_.promised(broker, answer.number(), boot_time());
  after_change();
}

void LeaseKeeper::has_revision(std::uint64_t revision) {
  revision_ = revision;
  lease_.has_revision(revision);
  after_change();
}

// The file first: the watchdog must know what the agent goes on with.
void LeaseKeeper::after_change() {
  if (lease_.until() != note_.until) write();
  const bool now_good = good();
  const bool other = std::exchange(was_good_, now_good) != now_good;
  set_timer();
  if (!other) return;
  if (now_good) {
    log::info("the lease is good");
  } else {
    log::error("the lease is over: no broker has renewed it in time");
  }
  if (changed_) changed_();
}

// ---- the file

void LeaseKeeper::may_run(std::set<DesktopId> always, std::set<DesktopId> leased) {
  if (always == note_.always && leased == note_.leased && !writing_fails_) return;
  note_.always = std::move(always);
  note_.leased = std::move(leased);
  write();
}

void LeaseKeeper::write() {
  note_.until = lease_.until();
  const auto written = write_lease_note(options_.file, note_);
  if (!written && !std::exchange(writing_fails_, true)) {
    log::error("the watchdog does not hear of the lease, and will pause desktops",
               {{"reason", written.error().message}});
  }
  if (written) writing_fails_ = false;
}

void LeaseKeeper::mind_watchdog() {
  const bool watched = has_watchdog(options_.file);
  if (std::exchange(watched_, watched) == watched) return;
  if (watched) {
    log::info("tobari-fence watches over this agent");
  } else {
    log::warning("tobari-fence does not run: desktops would run on if this agent were stopped or frozen");
  }
}

}  // namespace tobari::vmhost
