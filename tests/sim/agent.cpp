// SPDX-License-Identifier: GPL-3.0-or-later
// What should be, what is, and the report of it: vmhost/src/host/host_agent.cpp.
#include "agent.h"

#include <algorithm>
#include <format>
#include <utility>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kListEvery = 10s;

}  // namespace

Agent::Agent(World& world, Hardware& hardware, std::size_t index, std::uint64_t seed)
    : process(world.engine, std::format("agent {}", index)),
      world_(world),
      hardware_(hardware),
      index_(index),
      chance_(seed) {}

void Agent::start() {
  kept_.clear();
  refused_.clear();
  claims_ = {};
  desired_known_ = listed_ = listing_ = look_again_ = false;
  revision_ = 0;
  last_report_.reset();
  armed_.clear();
  answers_.clear();
  process.start();
  take_up_lease();
  if (hardware_.desired != nullptr) take(hardware_.desired);
  look();
  on_lease_time();
  world_.network.agent_started(index_);
}

void Agent::die() {
  process.kill();
  world_.network.agent_died(index_);
}

void Agent::send(const ToBroker& message) {
  for (std::size_t b = 0; b < world_.brokers.size(); ++b) world_.network.to_broker(index_, b, message);
}

void Agent::line_opened(std::size_t broker) {
  world_.network.to_broker(index_, broker, Hello{});
  if (desired_known_) {
    world_.network.to_broker(index_, broker, std::make_shared<const Report>(current_report()));
  }
  send_events();
  ask_now();
}

void Agent::receive(std::size_t broker, const ToHost& message) {
  if (const auto* const desired = std::get_if<std::shared_ptr<const Desired>>(&message)) {
    if (!world_.mistakes.lease_before_orders) return on_desired(*desired);
    world_.engine.in(process, 2s, [this, late = *desired] { on_desired(late); });
  } else if (const auto* const answer = std::get_if<LeaseAnswer>(&message)) {
    on_answer(broker, *answer);
  } else if (const auto* const request = std::get_if<OpenDisplay>(&message)) {
    open_display(broker, *request);
  } else if (const auto* const close = std::get_if<CloseSession>(&message)) {
    close_session(close->session);
  } else if (const auto* const question = std::get_if<CheckSessions>(&message)) {
    check_sessions(*question);
  } else if (const auto* const stored = std::get_if<EventStored>(&message)) {
    std::erase_if(hardware_.events, [stored](const SessionEvent& each) { return each.event == stored->event; });
  }
}

// ---- what should be

void Agent::on_desired(const std::shared_ptr<const Desired>& desired) {
  if (desired_known_ && desired->revision < revision_ && !world_.mistakes.obeys_old_states) return;
  hardware_.desired = desired;
  take(desired);
  look();
}

void Agent::take(const std::shared_ptr<const Desired>& desired) {
  refused_.clear();
  std::vector<const Wanted*> accepted;
  for (const Wanted& each : desired->desktops) {
    std::uint64_t& known = hardware_.epochs[each.id];
    if (each.epoch < known && !world_.mistakes.obeys_old_states) {
      refused_.insert(each.id);
      continue;
    }
    if (known != 0 && each.epoch > known) end_former_use(each.id);
    known = std::max(known, each.epoch);
    accepted.push_back(&each);
  }
  revision_ = desired->revision;
  desired_known_ = true;
  for (const DesktopId& id : refused_) kept_.try_emplace(id);
  for (const Wanted* const each : accepted) want(kept_[each->id], each->id, *each);
  for (auto& [id, kept] : kept_) {
    const bool named = std::ranges::any_of(accepted, [&id](const Wanted* each) { return each->id == id; });
    if (!named && !refused_.contains(id)) kept.wanted.reset();
  }
  // The watchdog hears what was taken from us before a lease that names it is good.
  tell_watchdog();
  lease_->has_revision(revision_);
  lease_may_have_changed();
}

void Agent::want(Kept& kept, const DesktopId& id, const Wanted& wanted) {
  const bool other = !kept.wanted || kept.wanted->epoch < wanted.epoch;
  if (other) kept.logged_off = false;
  if (other || kept.wanted->power != wanted.power) {
    kept.rests_until = kept.unwilling_until = {};
    kept.gone = false;
  }
  kept.wanted = wanted;
  bring_disks(id);
}

// ---- what is

void Agent::look() {
  if (listed_) report();
  look_again_ = true;
  if (listing_) return;
  listing_ = true;
  look_again_ = false;
  hardware_.list(process, [this, asked = world_.engine.now()](const std::vector<Listed>& list) {
    listing_ = false;
    on_list(list, asked);
    if (look_again_) look();
  });
}

void Agent::look_in(Moment pause) {
  world_.engine.in(process, pause, [this] { look(); });
}

void Agent::on_list(const std::vector<Listed>& list, Moment asked) {
  world_.engine.in(process, kListEvery, [this, turn = ++list_turn_] {
    if (turn == list_turn_) look();
  });
  listed_ = true;
  for (const Listed& each : list) {
    kept_.try_emplace(each.id);
    listed(each.id, each.running, asked, each.paused);
  }
  for (const auto& [id, kept] : kept_) {
    if (!std::ranges::contains(list, id, &Listed::id)) listed(id, false, asked, false);
  }
  reconcile_now();
  forget_gone();
  report();
}

void Agent::listed(const DesktopId& id, bool running, Moment asked, bool paused) {
  Kept& kept = kept_[id];
  if (kept.changing || asked < kept.changed_at) return;
  kept.paused = paused;
  found(id, running);
}

void Agent::reconcile_now() {
  std::vector<vmhost::WantedDesktop> wanted;
  std::vector<vmhost::FoundDesktop> there;
  vmhost::HostMemory memory;
  const Moment now = world_.engine.now();
  for (const auto& [id, kept] : kept_) {
    if (kept.wanted) {
      wanted.push_back({id, kept.wanted->epoch, kept.wanted->power, vmhost::Rest::kStopped});
      const auto epoch = hardware_.epochs.find(id);
      if (epoch != hardware_.epochs.end() && !world_.mistakes.obeys_old_states) memory.epochs.emplace(*epoch);
    }
    there.push_back({id, kept.running, kept.paused});
    if (kept.busy || now < kept.unwilling_until || refused_.contains(id)) memory.busy.insert(id);
    if (now < kept.rests_until) memory.held.insert(id);
    if (kept.gone) memory.gone.insert(id);
    if (!may_run(kept)) memory.fenced.insert(id);
  }
  if (desired_known_) tell_watchdog();
  for (const vmhost::Action& action : vmhost::reconcile(wanted, there, memory)) {
    if (desired_known_ || action.kind == vmhost::Action::Kind::kFence) act(action);
  }
}

void Agent::act(const vmhost::Action& action) {
  using Kind = vmhost::Action::Kind;
  switch (action.kind) {
    case Kind::kStart:
      return start_desktop(action.id);
    case Kind::kStop:
      return stop_desktop(action.id);
    case Kind::kDelete:
      if (world_.engine.now() >= kept_[action.id].rests_until) remove_desktop(action.id);
      return;
    case Kind::kSuspend:
    case Kind::kSave:
      return suspend_desktop(action.id);
    case Kind::kResume:
      return resume_desktop(action.id);
    case Kind::kFence:
      return fence_desktop(action.id);
    case Kind::kRefuse:
      return;
  }
}

void Agent::forget_gone() {
  std::erase_if(kept_, [this](const auto& entry) {
    const Kept& kept = entry.second;
    return !kept.busy && !kept.running && !kept.wanted && !refused_.contains(entry.first);
  });
}

Report Agent::current_report() const {
  Report all{.revision = revision_};
  for (const auto& [id, kept] : kept_) {
    if (kept.gone) continue;
    const auto epoch = hardware_.epochs.find(id);
    const bool on = kept.wanted && kept.wanted->power == vmhost::Power::kOn;
    Seen& seen = all.desktops.emplace_back();
    seen.id = id;
    seen.epoch = epoch == hardware_.epochs.end() ? 0 : epoch->second;
    seen.doing = on ? Doing::kStarting : Doing::kStopped;
    if (kept.running && !kept.paused && kept.guest_ready && has_disks(kept)) seen.doing = Doing::kRunning;
    seen.logged_off = kept.logged_off;
    seen.disks = kept.disks_there;
  }
  return all;
}

void Agent::report() {
  if (!desired_known_) return;
  Report now = current_report();
  if (now == last_report_) return;
  send(std::make_shared<const Report>(now));
  last_report_ = std::move(now);
}

}  // namespace tobari::sim
