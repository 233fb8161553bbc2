// SPDX-License-Identifier: GPL-3.0-or-later
// A user asks for the desktop of a pool, the request waits until it can be shown, a session is stored and the host
// opens a display: broker/src/rest/{pool_connect,ready,opening,log_off}.cpp.
#include <algorithm>
#include <string>
#include <utility>

#include "broker_model.h"
#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kPatience = 20s;
constexpr Moment kDisplayWithin = 5s;
constexpr std::chrono::seconds kOfferLife{60};

}  // namespace

void BrokerModel::connect(const Connect& request) {
  const std::uint64_t number = world_.next_number();
  Opening& opening = openings_[number];
  opening.person = request.person;
  opening.call = request.call;
  opening.request = request.request;
  opening.until = now() + kPatience;
  world_.engine.in(process, kPatience, [this, number] {
    const auto late = openings_.find(number);
    if (late != openings_.end() && late->second.waits) answer(number, ConnectAnswer::Kind::kAgain);
  });
  assign(number, true);
}

void BrokerModel::answer(std::uint64_t number, ConnectAnswer::Kind kind) {
  const auto found = openings_.find(number);
  if (found == openings_.end()) return;
  ConnectAnswer said{.call = found->second.call, .kind = kind, .desktop = {}, .session = {}, .host = 0};
  if (kind == ConnectAnswer::Kind::kConnected) {
    said.desktop = found->second.desktop->id;
    said.session = found->second.session;
    said.host = world_.host_index(found->second.desktop->host);
  }
  world_.network.answer(index_, [this, person = found->second.person, said] { world_.people[person]->answered(said); });
  openings_.erase(found);
}

// ---- which desktop

void BrokerModel::assign(std::uint64_t number, bool first) {
  const auto found = openings_.find(number);
  if (found == openings_.end()) return;
  Opening& opening = found->second;
  const std::uint64_t mark = world_.next_number();
  opening.looked_again = !first;
  if (world_.mistakes.no_compare) return assign_without_comparing(number, mark);
  control::Assign event;
  if (first) event.request = opening.request;
  event.user = world_.people[opening.person]->user;
  event.pool = world_.people[opening.person]->pool;
  event.fresh = chance_.id<DesktopId>();
  event.facts = facts();
  event.who.actor = "person";
  world_.engine.in(process, step(), [this, number, mark, event = std::move(event)] {
    if (openings_.contains(number)) {
      decide(event, [this, number, mark](const Outcome& outcome) { assigned(number, outcome, mark); });
    }
  });
}

void BrokerModel::assigned(std::uint64_t number, const Outcome& outcome, std::uint64_t mark) {
  const auto found = openings_.find(number);
  if (found == openings_.end()) return;
  if (!outcome.has_value()) {
    return answer(number, outcome.error().code == Errc::kCancelled ? ConnectAnswer::Kind::kGivenBack
                                                                   : ConnectAnswer::Kind::kAgain);
  }
  if (!outcome->assigned.has_value()) return answer(number, ConnectAnswer::Kind::kAgain);
  found->second.desktop = outcome->assigned;
  check(number, mark);
}

// Mistakes::no_compare: looks first, and writes later what it has seen then.
void BrokerModel::assign_without_comparing(std::uint64_t number, std::uint64_t mark) {
  const auto& person = *world_.people[openings_.at(number).person];
  const auto seen = database().get([&person](const broker::Reader& reader) { return reader.spares(person.pool, 1); });
  const bool has_own =
      database()
          .get([&person](const broker::Reader& reader) { return reader.desktop_in_pool(person.user, person.pool); })
          .has_value();
  control::Assign event;
  event.request = openings_.at(number).request;
  event.user = person.user;
  event.pool = person.pool;
  event.fresh = chance_.id<DesktopId>();
  event.facts = facts();
  std::optional<DesktopId> spare;
  if (!has_own && seen.has_value() && !seen->empty()) spare = seen->front().id;
  world_.engine.in(process, 200ms, [this, number, mark, spare, event = std::move(event)] {
    if (spare) {
      const auto given = database().transact(
          [&](broker::Writer& writer) { return writer.put_in_pool(*spare, event.pool, event.user); });
      if (given.has_value()) world_.oracle.committed(event, {});
    }
    decide(event, [this, number, mark](const Outcome& outcome) { assigned(number, outcome, mark); });
  });
}

// ---- until it can be shown

void BrokerModel::check(std::uint64_t number, std::uint64_t mark) {
  Opening& opening = openings_.at(number);
  const std::size_t host = world_.host_index(opening.desktop->host);
  if (!attached(host)) {
    // What this request got before may be on a host that is lost since.
    if (!opening.looked_again) return look_again(number);
    return wait(number, mark);
  }
  const auto seen = std::ranges::find(hosts_[host].desktops, opening.desktop->id, &Seen::id);
  if (seen == hosts_[host].desktops.end() || seen->doing != Doing::kRunning) return wait(number, mark);
  open_session(number);
}

void BrokerModel::wait(std::uint64_t number, std::uint64_t mark) {
  Opening& opening = openings_.at(number);
  if (now() >= opening.until) return answer(number, ConnectAnswer::Kind::kAgain);
  // News that came after the look is not missed.
  if (hosts_[world_.host_index(opening.desktop->host)].heard_at > mark) {
    world_.engine.in(process, step(), [this, number] { look_again(number); });
    return;
  }
  opening.waits = true;
}

// The desktop of before as long as it can be had; else the control core is asked anew.
void BrokerModel::look_again(std::uint64_t number) {
  const auto found = openings_.find(number);
  if (found == openings_.end()) return;
  Opening& opening = found->second;
  const std::uint64_t mark = world_.next_number();
  opening.looked_again = true;
  const auto desktop =
      database().get([&opening](const broker::Reader& reader) { return reader.desktop(opening.desktop->id); });
  if (!desktop.has_value() && desktop.error().code != Errc::kNotFound) {
    return answer(number, ConnectAnswer::Kind::kAgain);
  }
  const bool good = desktop.has_value() && desktop->user == world_.people[opening.person]->user &&
                    desktop->power != broker::Power::kDeleted && attached(world_.host_index(desktop->host));
  if (!good) return assign(number, false);
  opening.desktop = *desktop;
  check(number, mark);
}

// ---- the session

void BrokerModel::open_session(std::uint64_t number) {
  Opening& opening = openings_.at(number);
  broker::Session session;
  session.id = chance_.id<SessionId>();
  session.desktop = opening.desktop->id;
  session.user = opening.desktop->user;
  session.host = opening.desktop->host;
  session.created_at = wall();
  session.offer_expires_at = wall() + kOfferLife;
  session.routing_sha256 = session.id.str();
  const auto stored = database().transact([&](broker::Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(const broker::Desktop stored_now, writer.desktop(opening.desktop->id));
    const bool same = stored_now.user == opening.desktop->user && stored_now.epoch == opening.desktop->epoch &&
                      stored_now.power != broker::Power::kDeleted;
    if (!same) return fail(Errc::kUnavailable, "it has changed meanwhile");
    return writer.add_session(session);
  });
  if (!stored.has_value()) return answer(number, ConnectAnswer::Kind::kAgain);
  opening.session = session.id;
  opening.display = world_.next_number();
  const OpenDisplay request{opening.display, opening.desktop->id, opening.desktop->epoch, session.id, opening.person};
  world_.engine.in(process, step(), [this, host = world_.host_index(session.host), request] {
    world_.network.to_host(index_, host, request);
  });
  world_.engine.in(process, kDisplayWithin, [this, display = opening.display] { opened(display, false); });
}

void BrokerModel::opened(std::uint64_t display, bool good) {
  const auto found =
      std::ranges::find_if(openings_, [display](const auto& entry) { return entry.second.display == display; });
  if (found == openings_.end()) return;
  if (good) return answer(found->first, ConnectAnswer::Kind::kConnected);
  const SessionId session = found->second.session;
  answer(found->first, ConnectAnswer::Kind::kAgain);
  failed_to_open(session);
}

void BrokerModel::failed_to_open(const SessionId& session) {
  const auto stored = database().transact([&session](broker::Writer& writer) -> Result<void> {
    return writer.update_session(session, broker::SessionState::kEnded, "", "", "the display did not open");
  });
  if (!stored.has_value() && world_.trace.on())
    world_.trace.say("broker {}: an offer stays that leads nowhere", index_);
}

// ---- log-off

void BrokerModel::log_off(std::size_t person, const DesktopId& desktop, std::uint64_t call) {
  const UserId user = world_.people[person]->user;
  const auto now_is = database().get([&desktop](const broker::Reader& reader) { return reader.desktop(desktop); });
  const auto done = [this, person, call] {
    world_.network.answer(index_, [this, person, call] { world_.people[person]->logged_off(call); });
  };
  if (!now_is.has_value() && now_is.error().code != Errc::kNotFound) return;
  if (!now_is.has_value() || now_is->user != user) return done();  // given back before
  const auto then = [done](const Outcome& outcome) {
    if (outcome.has_value()) done();
  };
  if (now_is->pool_kind == broker::PoolKind::kFloating) {
    return decide(control::GiveBack{.desktop = desktop, .user = user, .reason = "log-off", .who = {}}, then);
  }
  decide(control::LogOff{.desktop = desktop, .user = user, .who = {}}, then);
}

}  // namespace tobari::sim
