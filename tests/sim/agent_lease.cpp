// SPDX-License-Identifier: GPL-3.0-or-later
// vmhost/src/host/lease_keeper.cpp
#include <algorithm>
#include <string>
#include <utility>

#include "agent.h"
#include "world.h"

namespace tobari::sim {
namespace {

constexpr vmhost::LeaseTimes kLeaseTimes{};
constexpr Moment kSoonest = 200ms;  // between questions

}  // namespace

// What was left by an earlier life of the program, in this life of the machine, still holds.
void Agent::take_up_lease() {
  const std::string boot = std::to_string(hardware_.boots());
  note_ = {};
  if (hardware_.note && hardware_.note->boot == boot) note_ = *hardware_.note;
  note_.boot = boot;
  lease_.emplace(world_.brokers.size(), kLeaseTimes, note_.until);
  mistaken_until_ = Moment(0);
  was_good_ = lease_is_good();
  asked_at_ = ask_at_ = Moment(0);
  lease_timer_at_ = Moment(-1);
}

Moment Agent::lease_until() const { return std::max(lease_->until(), mistaken_until_); }

bool Agent::lease_is_good() const {
  const Moment now = hardware_.boot_time();
  return lease_->good(now) || now < mistaken_until_;
}

void Agent::ask() {
  asked_at_ = hardware_.boot_time();
  ask_at_ = asked_at_ + kLeaseTimes.ask_every;
  send(AskLease{lease_->ask(asked_at_), revision_});
}

void Agent::ask_now() {
  const Moment now = hardware_.boot_time();
  ask_at_ = std::max(now, asked_at_ + kSoonest);
  if (now >= ask_at_) ask();
  set_lease_timer();
}

void Agent::on_lease_time() {
  if (hardware_.boot_time() >= ask_at_) ask();
  lease_may_have_changed();
}

void Agent::set_lease_timer() {
  const Moment next = was_good_ ? std::min(ask_at_, lease_until()) : ask_at_;
  if (next == lease_timer_at_) return;
  lease_timer_at_ = next;
  const Moment wait = hardware_.clock().really(next - hardware_.boot_time());
  world_.engine.in(process, wait, [this, turn = ++lease_turn_] {
    if (turn != lease_turn_) return;
    lease_timer_at_ = Moment(-1);
    on_lease_time();
  });
}

void Agent::on_answer(std::size_t broker, const LeaseAnswer& answer) {
  if (answer.granted) {
    lease_->granted(answer.number, world_.mistakes.lease_before_orders ? 0 : answer.revision);
    if (world_.mistakes.count_from_answer) mistaken_until_ = hardware_.boot_time() + kLeaseTimes.fence_after;
  } else {
    lease_->promised(broker, answer.number, hardware_.boot_time());
  }
  lease_may_have_changed();
}

// The file first: the watchdog must know what the agent goes on with.
void Agent::lease_may_have_changed() {
  if (lease_until() != note_.until) {
    note_.until = lease_until();
    hardware_.note = note_;
  }
  const bool now_good = lease_is_good();
  const bool other = std::exchange(was_good_, now_good) != now_good;
  set_lease_timer();
  if (!other) return;
  if (world_.trace.on()) world_.trace.say("host {}: its lease is {}", index_, now_good ? "good" : "over");
  if (listed_) reconcile_now();
  look();
}

void Agent::tell_watchdog() {
  std::set<DesktopId> always;
  std::set<DesktopId> leased;
  for (const auto& [id, kept] : kept_) {
    if (!kept.wanted || kept.wanted->power == vmhost::Power::kDeleted || refused_.contains(id)) continue;
    (kept.wanted->leased ? leased : always).insert(id);
  }
  if (always == note_.always && leased == note_.leased) return;
  note_.always = std::move(always);
  note_.leased = std::move(leased);
  note_.until = lease_until();
  hardware_.note = note_;
}

}  // namespace tobari::sim
