// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/control_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <tobari/base/log.h>

#include "control/plans.h"
#include "control/pool_image.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxAsksAtOnce = 512;     // hosts in one transaction
constexpr std::size_t kMaxUnknownLogged = 256;  // of one host

control::LeaseWatch::Time since_start(Clock::Steady now) { return now.time_since_epoch(); }

wire::ToHost promise_message(std::uint64_t number) {
  wire::ToHost message;
  message.mutable_lease()->set_number(number);
  message.mutable_lease()->set_kind(wire::LeaseAnswer::PROMISED);
  return message;
}

}  // namespace

ControlLoop::ControlLoop(Parts parts, Times times)
    : parts_(std::move(parts)),
      times_(times),
      look_at_(parts_.clock.now()),
      sweep_at_(parts_.clock.now() + times.sweep),
      idle_at_(parts_.clock.now()),
      zones_at_(parts_.clock.now()) {}

// ---- from other threads

void ControlLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
}

void ControlLoop::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  changed_.notify_all();
  thread_.join();
}

void ControlLoop::note_news_locked() {
  if (news_since_) return;
  news_since_ = parts_.clock.now();
  changed_.notify_all();
}

void ControlLoop::asked(const control::LeaseAsk& ask) {
  const std::scoped_lock lock(mutex_);
  asks_.insert_or_assign(ask.host, ask);
  note_news_locked();
}

void ControlLoop::reported(control::HostReported report) {
  const std::scoped_lock lock(mutex_);
  const HostId host = report.host;
  std::uint64_t& newest = newest_report_[host];
  if (report.number < newest) return;
  newest = report.number;
  reports_.insert_or_assign(host, std::move(report));
  note_news_locked();
}

void ControlLoop::sweep_soon() {
  const std::scoped_lock lock(mutex_);
  const Steady soon = parts_.clock.now() + times_.soon;
  if (sweep_at_ <= soon) return;
  sweep_at_ = soon;
  changed_.notify_all();
}

std::optional<std::chrono::milliseconds> ControlLoop::lease_age(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto age = leases_.age(host, since_start(parts_.clock.now()));
  if (!age) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(*age);
}

std::chrono::milliseconds ControlLoop::oldest_lease() const {
  std::chrono::milliseconds oldest{0};
  for (const auto& [host, revisions] : parts_.hosts.told()) {
    oldest = std::max(oldest, lease_age(host).value_or(std::chrono::milliseconds(0)));
  }
  return oldest;
}

// ---- its thread

ControlLoop::Steady ControlLoop::due_locked() const {
  const Steady next = std::min(look_at_, sweep_at_);
  return news_since_ ? std::min(next, *news_since_ + times_.gather) : next;
}

void ControlLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      while (!stop.stop_requested() && parts_.clock.now() < due_locked()) {
        const Steady due = due_locked();
        changed_.wait_until(lock, stop, due, [this, due] { return due_locked() < due; });
      }
    }
    if (!stop.stop_requested()) turn();
  }
}

void ControlLoop::turn() {
  const std::scoped_lock turn(turning_);
  Asks asks;
  Reports reports;
  bool sweeps = false;
  bool looks = false;
  {
    const std::scoped_lock lock(mutex_);
    const Steady now = parts_.clock.now();
    asks.swap(asks_);
    reports.swap(reports_);
    news_since_.reset();
    sweeps = now >= sweep_at_;
    looks = now >= look_at_;
    if (sweeps) sweep_at_ = now + times_.sweep;
    if (looks) look_at_ = now + times_.look;
  }
  // Leases first: a host waits for its one, and who has asked is not silent.
  renew(asks);
  follow(std::move(reports));
  if (looks) look();
  if (sweeps) sweep();
}

void ControlLoop::database_answers(const Result<void>& outcome) {
  const bool away = !outcome.has_value();
  if (std::exchange(away_, away) == away) return;
  if (away) {
    log::error("control plane waits for the database; hosts go on under promises",
               {{"why", describe(outcome.error())}});
  } else {
    log::info("control plane goes on: the database answers");
  }
}

// ---- leases

void ControlLoop::renew(const Asks& asks) {
  std::vector<control::LeaseAsk> batch;
  for (auto next = asks.begin(); next != asks.end();) {
    batch.push_back(next->second);
    if (++next != asks.end() && batch.size() < kMaxAsksAtOnce) continue;
    const auto renewed = parts_.control.decide(control::LeasesAsked{batch});
    database_answers(renewed.has_value() ? Result<void>() : std::unexpected<Error>(renewed.error()));
    if (renewed.has_value()) {
      for (const control::GrantedLease& lease : renewed->leases) parts_.hosts.tell(lease.host);
    } else {
      promise(batch);
    }
    batch.clear();
  }
}

// In this order: what was promised must hold before the host hears of it.
void ControlLoop::promise(const std::vector<control::LeaseAsk>& asks) {
  {
    const std::scoped_lock lock(mutex_);
    const auto now = since_start(parts_.clock.now());
    for (const control::LeaseAsk& ask : asks) leases_.promise(ask.host, now);
  }
  for (const control::LeaseAsk& ask : asks) parts_.hosts.send(ask.host, promise_message(ask.number));
}

// ---- reports

void ControlLoop::follow(Reports reports) {
  if (reports.empty()) return;
  std::map<HostId, control::ReportLook> looks;
  const auto looked = parts_.store.read([&reports, &looks](const Reader& reader) -> Result<void> {
    looks.clear();
    for (const auto& [host, report] : reports) {
      auto look = control::look_at(reader, report);
      if (!look.has_value() && look.error().code == Errc::kNotFound) continue;  // a host no more
      TOBARI_ASSIGN(looks[host], std::move(look));
    }
    return {};
  });
  database_answers(looked);
  if (!looked.has_value()) return keep_for_later(std::move(reports));
  Reports later;
  bool away = false;
  for (auto& [host, report] : reports) {
    const auto look = looks.find(host);
    if (look == looks.end()) continue;
    note_unknown(host, look->second.unknown);
    if (!look->second.changes) continue;
    if (!away) {
      report.facts = parts_.control.facts();
      const auto followed = parts_.control.decide(report);
      if (followed.has_value() || followed.error().code == Errc::kNotFound) {
        parts_.hosts.tell(host);
        continue;
      }
      log::warning("report of a host is looked at again later",
                   {{"host", host.str()}, {"why", describe(followed.error())}});
      // Else it is this host's alone, and does not keep the others waiting.
      away = followed.error().code == Errc::kUnavailable;
    }
    later.insert_or_assign(host, std::move(report));
  }
  if (!later.empty()) keep_for_later(std::move(later));
}

// Until the next look: what a host has said since is newer.
void ControlLoop::keep_for_later(Reports reports) {
  const std::scoped_lock lock(mutex_);
  reports_.merge(reports);
}

// They are left to their host, which ends what nobody wants there.
void ControlLoop::note_unknown(const HostId& host, const std::vector<control::SeenDesktop>& unknown) {
  std::set<DesktopId> now;
  for (const control::SeenDesktop& each : unknown) {
    if (now.size() < kMaxUnknownLogged) now.insert(each.id);
  }
  std::set<DesktopId>& before = unknown_[host];
  for (const DesktopId& id : now) {
    if (!before.contains(id)) {
      log::warning("host has a desktop that is not known here", {{"host", host.str()}, {"desktop", id.str()}});
    }
  }
  before = std::move(now);
  if (before.empty()) unknown_.erase(host);
}

// ---- what others did, and who is silent

void ControlLoop::look() {
  auto seen = parts_.store.get([](const Reader& reader) -> Result<Seen> {
    Seen all;
    TOBARI_ASSIGN(all.hosts, reader.hosts());
    TOBARI_ASSIGN(const auto pools, control::pools_as_made(reader));
    all.kinds = kinds_made(pools);
    return all;
  });
  database_answers(seen.has_value() ? Result<void>() : std::unexpected<Error>(seen.error()));
  std::vector<control::HostSilent> silent;
  {
    const std::scoped_lock lock(mutex_);
    if (!seen.has_value()) return leases_.database_away();
    // The time after the reading: whatever was granted before that is in it.
    const Steady looked = parts_.clock.now();
    // Who was stopped, or frozen with its machine, granted nothing meanwhile, as when the database is away.
    if (looked_at_ && looked - *looked_at_ > times_.still) leases_.database_away();
    looked_at_ = looked;
    const auto now = since_start(looked);
    leases_.seen(seen->hosts, now);
    silent = leases_.silent(now);
  }
  call_lost(silent);
  tell_of_lost(seen->hosts);
  parts_.seen(seen->hosts);
  tell_of_others(seen->hosts);
  if (kinds_ && *kinds_ != seen->kinds) parts_.hosts.networks_changed();
  kinds_ = std::move(seen->kinds);
}

void ControlLoop::call_lost(const std::vector<control::HostSilent>& silent) {
  for (const control::HostSilent& each : silent) {
    const auto called = parts_.control.decide(each);
    if (!called.has_value()) {
      log::warning("a silent host cannot be called lost yet",
                   {{"host", each.host.str()}, {"why", describe(called.error())}});
      continue;
    }
    if (called->more) log::warning("host is lost: it has not renewed its lease", {{"host", each.host.str()}});
    parts_.hosts.tell(each.host);
  }
}

// Also when another broker was quicker to call it lost: whoever waits here for such a host is to ask anew.
void ControlLoop::tell_of_lost(const std::vector<Host>& hosts) {
  std::set<HostId> lost;
  for (const Host& host : hosts) {
    if (!host.lost) continue;
    lost.insert(host.id);
    if (!lost_.contains(host.id)) parts_.hosts.tell(host.id);
  }
  lost_ = std::move(lost);
}

void ControlLoop::tell_of_others(const std::vector<Host>& hosts) {
  auto told = parts_.hosts.told();
  for (const Host& host : hosts) {
    const auto here = told.find(host.id);
    if (here == told.end()) continue;
    const HostRegistry::Revisions& known = here->second;
    // What another broker has told it already need not be read again.
    if (known.told == 0 || (known.told < host.revision && known.reported != host.revision)) {
      parts_.hosts.desired_changed(host.id);
      parts_.hosts.tell(host.id);
    }
    told.erase(here);
  }
  for (const auto& [id, revisions] : told) {
    log::warning("host was removed: its line ends", {{"host", id.str()}});
    parts_.hosts.expel(id);
  }
}

// ---- pools

const ZoneTable& ControlLoop::zones_now() {
  const auto pools = parts_.store.get([](const Reader& reader) { return reader.pools(); });
  if (!pools.has_value()) return zones_;
  std::set<std::string> named = control::zones_named(*pools);
  const Steady now = parts_.clock.now();
  if (named == zones_named_ && now < zones_at_) return zones_;
  zones_ = parts_.resolve_zones(named);
  zones_named_ = std::move(named);
  zones_at_ = now + times_.zones;
  return zones_;
}

std::map<DesktopId, std::chrono::seconds> ControlLoop::idle_now() {
  const Steady now = parts_.clock.now();
  if (now < idle_at_) return {};
  idle_at_ = now + times_.idle;
  const Time wall = parts_.clock.wall();
  struct Found {
    std::map<PoolId, std::chrono::seconds> after;  // something may happen to desktops of these
    std::vector<Desktop> desktops;
  };
  const auto unused = parts_.store.get([wall, since = idle_.since()](const Reader& reader) -> Result<Found> {
    Found all;
    TOBARI_ASSIGN(const auto pools, reader.pools());
    for (const Pool& pool : pools) {
      const auto after = control::minds_idle_after(pool);
      if (!control::minds_idle(pool) || !after) continue;
      all.after.emplace(pool.id, *after);
      TOBARI_ASSIGN(auto desktops, reader.unused_desktops(pool.id, since, wall));
      std::ranges::move(desktops, std::back_inserter(all.desktops));
    }
    return all;
  });
  if (!unused.has_value()) {
    idle_.database_away();
    return {};
  }
  idle_.seen(unused->desktops, wall, now.time_since_epoch());
  auto idle = idle_.idle(now.time_since_epoch());
  // Each that is named is looked up in a transaction that writes: those that nothing can happen to yet are left out.
  for (const Desktop& desktop : unused->desktops) {
    const auto at = idle.find(desktop.id);
    if (at == idle.end()) continue;
    const bool rests = desktop.power == Power::kOff && desktop.pool_kind != PoolKind::kFloating;
    if (rests || at->second < unused->after.at(desktop.pool)) idle.erase(at);
  }
  return idle;
}

void ControlLoop::sweep() {
  if (away_) return;  // the next look says when it is back
  control::Sweep event{.facts = parts_.control.facts(), .fresh = {}, .idle_for = idle_now(), .zones = zones_now()};
  for (std::size_t i = 0; i < control::kMaxMadePerSweep; ++i) event.fresh.push_back(DesktopId::random());
  const auto swept = parts_.control.decide(event);  // what is left to be done asks for the next one
  if (!swept.has_value()) log::warning("pools are not looked after now", {{"why", describe(swept.error())}});
}

}  // namespace tobari::broker
