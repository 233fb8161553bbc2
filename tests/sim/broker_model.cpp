// SPDX-License-Identifier: GPL-3.0-or-later
// Transactions, what follows from them, and what hosts say: broker/src/rpc/{direct_control,host_registry}.cpp.
#include "broker_model.h"

#include <algorithm>
#include <format>
#include <map>
#include <string>
#include <utility>

#include "control/user_disks.h"
#include "core/session_state.h"
#include "world.h"

namespace tobari::sim {
namespace {

vmhost::Power power_of(broker::Power power) {
  switch (power) {
    case broker::Power::kOn:
      return vmhost::Power::kOn;
    case broker::Power::kOff:
      return vmhost::Power::kOff;
    case broker::Power::kDeleted:
      break;
  }
  return vmhost::Power::kDeleted;
}

// As desired_state(), add_life() and mark_leased() of broker/src/rpc make it.
std::shared_ptr<const Desired> desired_of(const broker::Host& host, const std::vector<broker::Desktop>& desktops,
                                          const control::LifeFacts& life) {
  auto made = std::make_shared<Desired>();
  made->revision = host.revision;
  for (const broker::Desktop& desktop : desktops) {
    Wanted& wanted = made->desktops.emplace_back();
    wanted.id = desktop.id;
    wanted.epoch = desktop.epoch;
    wanted.power = power_of(desktop.power);
    const auto facts = life.desktops.find(desktop.id);
    bool shared_disk = false;
    if (facts != life.desktops.end()) {
      for (const broker::UserDisk& disk : facts->second.disks) {
        wanted.disks.push_back({disk.id, disk.epoch});
        shared_disk = shared_disk || (disk.kind == broker::UserDiskKind::kDisk && !disk.storage.empty());
      }
    }
    const bool floating = !desktop.pool.empty() && desktop.pool_kind == broker::PoolKind::kFloating;
    wanted.leased = floating || shared_disk || desktop.power == broker::Power::kDeleted;
  }
  return made;
}

}  // namespace

BrokerModel::BrokerModel(World& world, std::size_t index, std::uint64_t seed)
    : process(world.engine, std::format("broker {}", index)),
      world_(world),
      index_(index),
      chance_(seed),
      hosts_(world.setup.hosts) {
  const auto most = static_cast<std::uint64_t>(2 * world.setup.drift + 1);
  clock_ = {.zero = -chance_.between(1s, 1000s),
            .too_fast = static_cast<std::int64_t>(chance_.below(most)) - world.setup.drift};
}

Moment BrokerModel::now() const { return world_.engine.now(); }
Moment BrokerModel::step() { return chance_.between(Moment(300'000), 8ms); }

Clock::Wall BrokerModel::wall() const {
  return Clock::Wall{} + std::chrono::hours(24 * 365 * 50) + std::chrono::duration_cast<Clock::Wall::duration>(now()) +
         wall_off;
}

broker::MemoryStore& BrokerModel::database() { return world_.database.as_seen_by(cut_off, wall()); }

void BrokerModel::start() {
  hosts_.assign(world_.setup.hosts, Attached());
  facts_.reset();
  asks_.clear();
  reports_.clear();
  away_ = turning_ = false;
  news_since_.reset();
  leases_ = {};
  idle_ = {};
  impatience_.clear();
  turn_asks_.clear();
  turn_reports_.clear();
  turn_silent_.clear();
  openings_.clear();
  look_at_ = idle_at_ = check_at_ = now();
  sweep_at_ = now() + 5s;
  process.start();
  arm();
}

void BrokerModel::die() {
  process.kill();
  world_.network.broker_died(index_);
  for (Attached& host : hosts_) host.stream = 0;
}

// ---- transactions

BrokerModel::Outcome BrokerModel::commit(const control::Event& event) {
  const control::Settings settings{.placement = {}, .planted = world_.mistakes.core};
  auto outcome = control::run(database(), event, wall(), settings);
  if (outcome.has_value()) world_.oracle.committed(event, *outcome);
  return outcome;
}

void BrokerModel::decide(const control::Event& event, Then then) {
  const auto outcome = std::make_shared<const Outcome>(commit(event));
  world_.engine.in(process, step(), [this, outcome, then = std::move(then)] {
    if (outcome->has_value()) carry_out(**outcome);
    then(*outcome);
  });
}

void BrokerModel::decide_once(const control::Event& event) {
  decide(event, [](const Outcome&) {});
}

void BrokerModel::carry_out(const control::Effects& effects) {
  end_sessions(effects.ended);
  for (const HostId& host : effects.changed) tell(world_.host_index(host));
  // After what a host must know for its lease to be good.
  for (const control::GrantedLease& lease : effects.leases) {
    world_.network.to_host(index_, world_.host_index(lease.host), LeaseAnswer{lease.number, true, lease.revision});
  }
  if (!effects.more) return;
  sweep_soon();
}

void BrokerModel::end_sessions(const std::vector<control::EndedUse>& ended) {
  if (ended.empty()) return;
  const auto live = database().get([](const broker::Reader& reader) { return reader.live_sessions(); });
  if (!live.has_value()) return;
  for (const broker::Session& session : *live) {
    if (!std::ranges::contains(ended, session.desktop, &control::EndedUse::desktop)) continue;
    world_.network.to_host(index_, world_.host_index(session.host), CloseSession{session.id});
  }
}

// ---- hosts

void BrokerModel::tell(std::size_t host) {
  if (!attached(host)) return;
  const HostId id = world_.host_ids[host];
  std::uint64_t revision = 0;
  const auto desired =
      database().get([this, &id, &revision](const broker::Reader& reader) -> Result<std::shared_ptr<const Desired>> {
        TOBARI_ASSIGN(const broker::Host kept, reader.host(id));
        TOBARI_ASSIGN(const auto desktops, reader.desktops_on_host(id));
        TOBARI_ASSIGN(const auto pools, reader.pools());
        TOBARI_ASSIGN(const auto life, control::life_facts(reader, id, desktops, pools, wall()));
        revision = kept.revision;
        return desired_of(kept, desktops, life);
      });
  if (!desired.has_value()) {
    hosts_[host].told = 0;  // it is told when its orders can be read again
    return;
  }
  world_.network.to_host(index_, host, *desired);
  hosts_[host].told = std::max(hosts_[host].told, revision);
}

void BrokerModel::receive(std::size_t host, std::uint64_t stream, const ToBroker& message, bool again) {
  if (std::holds_alternative<Hello>(message)) {
    if (stream <= hosts_[host].stream) return;
    hosts_[host] = {.stream = stream, .desktops = {}, .told = 0, .heard_at = hosts_[host].heard_at};
    facts_.reset();
    tell(host);
    check_sessions(host);
    return news_of(host);
  }
  const auto* const report = std::get_if<std::shared_ptr<const Report>>(&message);
  // HostRegistry::take_over(): a report of an older line must not take the place of a newer one that still waits.
  if (stream != hosts_[host].stream && (!again || report != nullptr)) return;
  if (report != nullptr) {
    take_report(host, **report, again);
  } else if (const auto* const ask = std::get_if<AskLease>(&message)) {
    asks_.insert_or_assign(world_.host_ids[host], control::LeaseAsk{world_.host_ids[host], ask->number, ask->revision});
    note_news();
  } else if (const auto* const display = std::get_if<DisplayOpened>(&message)) {
    opened(display->request, display->opened);
  } else if (const auto* const event = std::get_if<SessionEvent>(&message)) {
    take_event(host, *event);
  }
}

void BrokerModel::line_ended(std::size_t host, std::uint64_t stream) {
  if (hosts_[host].stream != stream) return;
  hosts_[host].stream = 0;
  hosts_[host].desktops.clear();
  facts_.reset();
  news_of(host);
}

void BrokerModel::take_report(std::size_t host, const Report& report, bool again) {
  control::HostReported event{
      .host = world_.host_ids[host], .revision = report.revision, .desktops = {}, .removed_disks = {}};
  for (const Seen& seen : report.desktops) {
    event.desktops.push_back({.id = seen.id, .epoch = seen.epoch, .logged_off = seen.logged_off, .disks = seen.disks});
  }
  if (!again) {
    hosts_[host].desktops = report.desktops;
    hosts_[host].reported = report.revision;
    facts_.reset();
    news_of(host);
  }
  reports_.insert_or_assign(world_.host_ids[host], std::move(event));
  note_news();
}

// broker/src/rpc/session_reports.cpp: stored once, and acknowledged as often as it comes.
void BrokerModel::take_event(std::size_t host, const SessionEvent& event) {
  using broker::SessionEventKind;
  const auto kind = event.what == Happened::kConnected ? SessionEventKind::kConnected : SessionEventKind::kDisconnected;
  const auto stored = database().transact([this, &event, kind](broker::Writer& writer) -> Result<void> {
    const std::string number = std::to_string(event.event);
    TOBARI_ASSIGN(const bool repeated, writer.event_is_stored(number));
    if (repeated) return {};
    const auto session = writer.session(event.session);
    if (!session.has_value()) return {};
    TOBARI_TRY(writer.add_event(number, event.session, wall()));
    return writer.update_session(event.session, broker::next_state(session->state, kind), "", "", "");
  });
  if (stored.has_value()) world_.network.to_host(index_, host, EventStored{event.event});
}

// LiveSessions::check(), and of one host host_attached(): are those that count as connected still there?
void BrokerModel::check_sessions(std::optional<std::size_t> only) {
  if (world_.mistakes.never_checks) return;
  const auto live = database().get([](const broker::Reader& reader) { return reader.live_sessions(); });
  if (!live.has_value()) return;
  std::map<std::size_t, CheckSessions> questions;
  for (const broker::Session& session : *live) {
    const std::size_t host = world_.host_index(session.host);
    if (session.state != broker::SessionState::kConnected || (only && *only != host)) continue;
    questions[host].sessions.push_back(session.id);
  }
  for (const auto& [host, question] : questions) {
    if (attached(host)) world_.network.to_host(index_, host, question);
  }
}

void BrokerModel::news_of(std::size_t host) {
  hosts_[host].heard_at = world_.next_number();
  for (auto& [number, opening] : openings_) {
    if (!opening.waits || world_.host_index(opening.desktop->host) != host) continue;
    opening.waits = false;
    world_.engine.in(process, step(), [this, which = number] { look_again(which); });
  }
}

std::shared_ptr<const control::Facts> BrokerModel::facts() {
  if (facts_ != nullptr) return facts_;
  auto made = std::make_shared<control::Facts>();
  for (std::size_t h = 0; h < hosts_.size(); ++h) {
    if (!attached(h)) continue;
    made->connected[world_.host_ids[h]] = {.id = world_.host_ids[h],
                                           .images = {"debian"},
                                           .memory_mib = 16384,
                                           .pixels_per_second = 0,
                                           .storages = {"shared"}};
    for (const Seen& seen : hosts_[h].desktops) {
      if (seen.doing == Doing::kRunning) made->running.insert(seen.id);
    }
  }
  facts_ = std::move(made);
  return facts_;
}

}  // namespace tobari::sim
