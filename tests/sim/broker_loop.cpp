// SPDX-License-Identifier: GPL-3.0-or-later
// What is done without anybody waiting: broker/src/rpc/control_loop.cpp. One turn after the other; each of a turn's
// parts is a step of its own.
#include <algorithm>
#include <iterator>
#include <utility>

#include "broker_model.h"
#include "world.h"

namespace tobari::sim {
namespace {

// ControlLoop::Times, but for `look`: half as often, because most of a schedule's time would go there.
constexpr Moment kGather = 50ms;
constexpr Moment kSweepSoon = 250ms;
constexpr Moment kLookEvery = 1s;
constexpr Moment kSweepEvery = 5s;
constexpr Moment kIdleEvery = 15s;
constexpr Moment kCheckEvery = 60s;  // LiveSessions: at whole minutes
constexpr Moment kImpatience = 12s;  // of Mistakes::impatient

}  // namespace

void BrokerModel::note_news() {
  if (news_since_) return;
  news_since_ = now();
  arm();
}

void BrokerModel::sweep_soon() {
  if (sweep_at_ <= now() + kSweepSoon) return;
  sweep_at_ = now() + kSweepSoon;
  arm();
}

void BrokerModel::arm() {
  if (turning_) return;
  Moment due = std::min(look_at_, sweep_at_);
  if (news_since_) due = std::min(due, *news_since_ + kGather);
  world_.engine.in(process, std::max(due - now(), Moment(0)), [this, which = ++arm_turn_] {
    if (which == arm_turn_ && !turning_) turn();
  });
}

void BrokerModel::turn() {
  turning_ = true;
  turn_asks_ = std::exchange(asks_, {});
  turn_reports_.clear();
  for (auto& [host, report] : std::exchange(reports_, {})) turn_reports_.push_back(std::move(report));
  news_since_.reset();
  sweeps_ = now() >= sweep_at_;
  looks_ = now() >= look_at_;
  if (sweeps_) sweep_at_ = now() + kSweepEvery;
  if (looks_) look_at_ = now() + kLookEvery;
  if (now() >= check_at_) {  // which in the product LiveSessions does, on a thread of its own
    check_at_ = now() + kCheckEvery;
    check_sessions();
  }
  renew();
}

void BrokerModel::next(Stage stage) {
  world_.engine.in(process, Moment(0), [this, stage] {
    switch (stage) {
      case Stage::kRenew:
        return renew();
      case Stage::kFollow:
        return follow();
      case Stage::kLook:
        return looks_ ? look() : next(Stage::kSweep);
      case Stage::kSweep:
        return sweeps_ ? sweep() : next(Stage::kOver);
      case Stage::kOver:
        turning_ = false;
        return arm();
    }
  });
}

// ---- leases

void BrokerModel::renew() {
  if (turn_asks_.empty()) return follow();
  control::LeasesAsked event;
  for (const auto& [host, ask] : turn_asks_) event.asks.push_back(ask);
  turn_asks_.clear();
  decide(event, [this, asks = event.asks](const Outcome& renewed) {
    away_ = !renewed.has_value();
    if (renewed.has_value()) {
      for (const control::GrantedLease& lease : renewed->leases) news_of(world_.host_index(lease.host));
    } else {
      promise(asks);
    }
    next(Stage::kFollow);
  });
}

// In this order: what was promised must hold before the host hears of it.
void BrokerModel::promise(const std::vector<control::LeaseAsk>& asks) {
  if (!world_.mistakes.forgets_promises) {
    for (const control::LeaseAsk& ask : asks) leases_.promise(ask.host, steady());
  }
  for (const control::LeaseAsk& ask : asks) {
    world_.network.to_host(index_, world_.host_index(ask.host), LeaseAnswer{ask.number, false, 0});
  }
}

// ---- reports

void BrokerModel::follow() {
  if (turn_reports_.empty()) return looks_ || sweeps_ ? next(Stage::kLook) : next(Stage::kOver);
  const auto looked = database().read([this](const broker::Reader& reader) -> Result<void> {
    std::vector<control::HostReported> changing;
    for (const control::HostReported& report : turn_reports_) {
      const auto look = control::look_at(reader, report);
      if (!look.has_value() && look.error().code == Errc::kNotFound) continue;
      if (!look.has_value()) return std::unexpected<Error>(look.error());
      if (look->changes) changing.push_back(report);
    }
    turn_reports_ = std::move(changing);
    return {};
  });
  away_ = !looked.has_value();
  if (!looked.has_value()) {
    // Until the next look: what a host has said since is newer.
    for (control::HostReported& report : turn_reports_) reports_.emplace(report.host, std::move(report));
    turn_reports_.clear();
  }
  follow_one();
}

void BrokerModel::follow_one() {
  if (turn_reports_.empty()) return next(Stage::kLook);
  const control::HostReported report = std::move(turn_reports_.back());
  turn_reports_.pop_back();
  decide(report, [this, report](const Outcome& followed) {
    if (followed.has_value() || followed.error().code == Errc::kNotFound) {
      news_of(world_.host_index(report.host));
    } else {
      reports_.emplace(report.host, report);
    }
    follow_one();
  });
}

// ---- what others did, and who is silent

void BrokerModel::look() {
  auto hosts = database().get([](const broker::Reader& reader) { return reader.hosts(); });
  away_ = !hosts.has_value();
  if (!hosts.has_value()) {
    leases_.database_away();
    impatience_.clear();
    return next(Stage::kSweep);
  }
  // The time after the reading: whatever was granted before that is in it.
  turn_hosts_ = *std::move(hosts);
  world_.engine.in(process, step(), [this] { seen(turn_hosts_); });
}

void BrokerModel::seen(const std::vector<broker::Host>& hosts) {
  leases_.seen(hosts, steady());
  turn_silent_ = leases_.silent(steady());
  if (world_.mistakes.never_lost) turn_silent_.clear();
  if (world_.mistakes.impatient) {
    for (const broker::Host& host : hosts) {
      auto& [lease, since] = impatience_.try_emplace(host.id, host.lease, now()).first->second;
      if (lease != host.lease) {
        lease = host.lease;
        since = now();
      } else if (!host.lost && now() - since > kImpatience) {
        turn_silent_.push_back({host.id, host.lease});
      }
    }
  }
  call_lost();
}

void BrokerModel::call_lost() {
  if (turn_silent_.empty()) {
    tell_of_others(turn_hosts_);
    return next(Stage::kSweep);
  }
  const control::HostSilent silent = turn_silent_.back();
  turn_silent_.pop_back();
  decide(silent, [this, host = silent.host](const Outcome& called) {
    if (called.has_value()) news_of(world_.host_index(host));
    call_lost();
  });
}

void BrokerModel::tell_of_others(const std::vector<broker::Host>& hosts) {
  for (const broker::Host& host : hosts) {
    const std::size_t index = world_.host_index(host.id);
    if (!attached(index)) continue;
    const Attached& known = hosts_[index];
    if (known.told > 0 && (known.told >= host.revision || known.reported == host.revision)) continue;
    tell(index);
    news_of(index);
  }
}

// ---- pools

std::map<DesktopId, std::chrono::seconds> BrokerModel::idle_now() {
  if (now() < idle_at_) return {};
  idle_at_ = now() + kIdleEvery;
  const auto unused = database().get([this](const broker::Reader& reader) -> Result<std::vector<broker::Desktop>> {
    std::vector<broker::Desktop> all;
    TOBARI_ASSIGN(const auto pools, reader.pools());
    for (const broker::Pool& pool : pools) {
      if (!control::minds_idle(pool)) continue;
      TOBARI_ASSIGN(auto of_pool, reader.unused_desktops(pool.id, idle_.since(), wall()));
      std::ranges::move(of_pool, std::back_inserter(all));
    }
    return all;
  });
  if (!unused.has_value()) {
    idle_.database_away();
    return {};
  }
  idle_.seen(*unused, wall(), steady());
  return idle_.idle(steady());
}

// What is known before the transaction may be old by then: a step lies between.
void BrokerModel::sweep() {
  if (away_) return next(Stage::kOver);
  control::Sweep event{.facts = facts(), .fresh = {}, .idle_for = idle_now(), .zones = {}};
  for (std::size_t i = 0; i < 4; ++i) event.fresh.push_back(chance_.id<DesktopId>());
  world_.engine.in(process, step(),
                   [this, event = std::move(event)] { decide(event, [this](const Outcome&) { next(Stage::kOver); }); });
}

}  // namespace tobari::sim
