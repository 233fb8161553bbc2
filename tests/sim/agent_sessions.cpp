// SPDX-License-Identifier: GPL-3.0-or-later
// vmhost/src/host/host_agent_sessions.cpp, host_agent_life.cpp
#include <algorithm>
#include <utility>

#include "agent.h"
#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kOfferLives = 60s;   // broker/src/core/offer.h
constexpr Moment kEventsAgain = 15s;  // HostAgent::Options

}  // namespace

void Agent::open_display(std::size_t broker, const OpenDisplay& request) {
  if (const auto known = answers_.find(request.request); known != answers_.end()) {
    return world_.network.to_broker(index_, broker, DisplayOpened{request.request, known->second});
  }
  const auto kept = kept_.find(request.desktop);
  const bool known = kept != kept_.end() && kept->second.wanted && kept->second.wanted->epoch == request.epoch;
  const bool shows = known && kept->second.running && !kept->second.paused && kept->second.guest_ready &&
                     !kept->second.stopping && may_run(kept->second);
  if (shows) {
    armed_.insert_or_assign(request.session, Armed{request.desktop, request.person, world_.engine.now() + kOfferLives});
    answers_.emplace(request.request, true);  // a failure is not remembered
  }
  world_.network.to_broker(index_, broker, DisplayOpened{request.request, shows});
}

// A token is good once.
bool Agent::client(const SessionId& session) {
  const auto armed = armed_.find(session);
  if (armed == armed_.end()) return false;
  const Armed target = armed->second;
  armed_.erase(armed);
  const auto kept = kept_.find(target.desktop);
  if (target.until < world_.engine.now() || kept == kept_.end() || kept->second.removing || kept->second.gone) {
    return false;
  }
  drop(target.desktop);  // it is taken over
  hardware_.clients.insert_or_assign(target.desktop, Client{session, target.person});
  world_.oracle.shown(target.desktop, target.person);
  happened(session, Happened::kConnected);
  return true;
}

void Agent::close_session(const SessionId& session) {
  if (world_.mistakes.keeps_sessions) return;
  armed_.erase(session);
  for (const auto& [desktop, client] : hardware_.clients) {
    if (client.session == session) return drop(DesktopId(desktop));
  }
}

// HostAgent::end_former_uses()
void Agent::end_former_use(const DesktopId& id) {
  if (world_.mistakes.keeps_sessions) return;
  std::erase_if(armed_, [&id](const auto& entry) { return entry.second.desktop == id; });
  drop(id);
}

void Agent::drop(const DesktopId& id) {
  const auto shown = hardware_.clients.find(id);
  if (shown == hardware_.clients.end()) return;
  const SessionId session = shown->second.session;
  hardware_.clients.erase(shown);
  happened(session, Happened::kDisconnected);
}

// HostAgent::on_check_sessions()
void Agent::check_sessions(const CheckSessions& question) {
  for (const SessionId& session : question.sessions) {
    const bool is_here = std::ranges::any_of(hardware_.clients,
                                             [&session](const auto& entry) { return entry.second.session == session; });
    const bool is_said = std::ranges::any_of(hardware_.events, [&session](const SessionEvent& event) {
      return event.session == session && event.what == Happened::kDisconnected;
    });
    if (!is_here && !is_said && !armed_.contains(session)) happened(session, Happened::kDisconnected);
  }
}

void Agent::happened(const SessionId& session, Happened what) {
  const SessionEvent event{world_.next_number(), session, what};
  hardware_.events.push_back(event);
  for (std::size_t b = 0; b < world_.brokers.size(); ++b) {
    if (world_.network.line_is_open(index_, b)) return world_.network.to_broker(index_, b, event);
  }
}

// To the first broker that is there; again from time to time, because its database may have been away.
void Agent::send_events() {
  for (std::size_t b = 0; b < world_.brokers.size(); ++b) {
    if (!world_.network.line_is_open(index_, b)) continue;
    for (const SessionEvent& each : hardware_.events) world_.network.to_broker(index_, b, each);
    break;
  }
  world_.engine.in(process, kEventsAgain, [this, turn = ++events_turn_] {
    if (turn == events_turn_) send_events();
  });
}

}  // namespace tobari::sim
