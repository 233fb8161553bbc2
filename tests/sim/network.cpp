// SPDX-License-Identifier: GPL-3.0-or-later
#include "network.h"

#include <algorithm>
#include <utility>

#include "world.h"

namespace tobari::sim {
namespace {

// As gRPC is told to: after ten seconds without a word it asks, and ten seconds later it gives up.
constexpr std::pair<Moment, Moment> kGivesUp{12s, 20s};
constexpr std::pair<Moment, Moment> kDialsAgain{200ms, 5s};  // vmhost/src/link/broker_link.cpp
constexpr std::pair<Moment, Moment> kComesAgain{100ms, 40s};

// A lost report is said again on a new line only, so its loss is the line's.
bool may_vanish(const ToBroker& message) {
  return std::holds_alternative<AskLease>(message) || std::holds_alternative<DisplayOpened>(message);
}

}  // namespace

Network::Network(World& world, std::size_t brokers, std::size_t hosts, std::uint64_t seed)
    : world_(world),
      brokers_(brokers),
      sites_(brokers + hosts + 1),
      cuts_(sites_ * sites_, 0),
      lines_(brokers * hosts),
      chance_(seed) {}

Moment Network::latency() {
  if (!calm_ && chance_.chance(world_.setup.weather.is_slow)) return chance_.between(500ms, 4s);
  return chance_.between(Moment(200'000), 20ms);
}

void Network::become_calm() {
  calm_ = true;
  std::ranges::fill(cuts_, 0);
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    for (std::size_t b = 0; b < brokers_; ++b) {
      // What came twice, or a report after a later one, in a line that keeps order is no part of a network that is
      // whole: nobody would say the later one again.
      if (line(h, b).odd) {
        break_line(h, b);
      } else {
        flush(h, b);
      }
    }
  }
}

// ---- ways that are cut

void Network::cut(Site from, Site to) {
  ++cuts_[from * sites_ + to];
  somebody_stands_still();
}

void Network::mend(Site from, Site to) {
  int& cuts = cuts_[from * sites_ + to];
  if (cuts == 0 || --cuts > 0) return;
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    for (std::size_t b = 0; b < brokers_; ++b) flush(h, b);
  }
}

void Network::flush(std::size_t h, std::size_t b) {
  if (open(host(h), broker(b))) {
    for (const ToBroker& each : std::exchange(line(h, b).held_up, {})) send_up(h, b, each);
  }
  if (open(broker(b), host(h))) {
    for (const ToHost& each : std::exchange(line(h, b).held_down, {})) send_down(h, b, each);
  }
}

// Whoever hears nothing over a line gives it up, unless it is over by then.
void Network::somebody_stands_still() {
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    for (std::size_t b = 0; b < brokers_; ++b) give_up_later(h, b);
  }
}

void Network::give_up_later(std::size_t h, std::size_t b) {
  const auto silent = [this, h, b] {
    return !open(host(h), broker(b)) || !open(broker(b), host(h)) || !world_.hosts[h]->agent.process.runs() ||
           !world_.brokers[b]->process.runs();
  };
  if (line(h, b).broken || !silent()) return;
  world_.engine.in(chance_.between(kGivesUp.first, kGivesUp.second), [this, h, b, silent, stream = line(h, b).stream] {
    const Line& now = line(h, b);
    if (now.stream == stream && !now.broken && silent()) break_line(h, b);
  });
}

// ---- lines

bool Network::line_is_open(std::size_t h, std::size_t b) const {
  const Line& one = line(h, b);
  return one.host_has;
}

void Network::agent_started(std::size_t h) {
  for (std::size_t b = 0; b < brokers_; ++b) dial(h, b);
}

void Network::dial(std::size_t h, std::size_t b) {
  Process& agent = world_.hosts[h]->agent.process;
  if (line(h, b).host_has || !agent.up()) return;
  if (!reaches(h, b)) return dial_later(h, b);
  world_.engine.in(agent, latency() + latency(), [this, h, b] {
    Line& opened = line(h, b);
    if (opened.host_has) return;
    // A line to a broker that has died meanwhile would be one that nobody ever ends.
    if (!reaches(h, b)) return dial_later(h, b);
    ++opened.stream;
    opened.host_has = true;
    opened.broken = false;
    opened.odd = false;
    opened.held_up.clear();
    opened.held_down.clear();
    world_.hosts[h]->agent.line_opened(b);
  });
}

bool Network::reaches(std::size_t h, std::size_t b) const {
  return open(host(h), broker(b)) && open(broker(b), host(h)) && world_.brokers[b]->process.runs();
}

void Network::dial_later(std::size_t h, std::size_t b) {
  world_.engine.in(world_.hosts[h]->agent.process, chance_.between(kDialsAgain.first, kDialsAgain.second),
                   [this, h, b] { dial(h, b); });
}

void Network::break_line(std::size_t h, std::size_t b) {
  Line& broken = line(h, b);
  if (broken.broken) return;
  broken.broken = true;
  broken.held_up.clear();
  broken.held_down.clear();
  if (world_.trace.on()) world_.trace.say("line of host {} to broker {} breaks", h, b);
  world_.engine.in(world_.hosts[h]->agent.process, chance_.between(0ms, 3s),
                   [this, h, b, stream = broken.stream] { host_notices(h, b, stream); });
  world_.engine.in(world_.brokers[b]->process, chance_.between(0ms, calm_ ? Moment(1s) : Moment(20s)),
                   [this, h, b, stream = broken.stream] { world_.brokers[b]->line_ended(h, stream); });
}

void Network::host_notices(std::size_t h, std::size_t b, std::uint64_t stream) {
  Line& lost = line(h, b);
  if (lost.stream != stream || !lost.host_has) return;
  lost.host_has = false;
  world_.hosts[h]->agent.line_lost();
  dial_later(h, b);
}

// The kernel says so at once where the way is open; else nobody says anything.
void Network::agent_died(std::size_t h) {
  for (std::size_t b = 0; b < brokers_; ++b) {
    Line& dead = line(h, b);
    const bool was_open = std::exchange(dead.host_has, false);
    dead.broken = true;
    dead.held_up.clear();
    dead.held_down.clear();
    if (!was_open) continue;
    const Moment heard = open(host(h), broker(b)) ? latency() : chance_.between(kGivesUp.first, kGivesUp.second);
    world_.engine.in(world_.brokers[b]->process, heard,
                     [this, h, b, stream = dead.stream] { world_.brokers[b]->line_ended(h, stream); });
  }
}

void Network::broker_died(std::size_t b) {
  for (std::size_t h = 0; h < world_.hosts.size(); ++h) {
    Line& dead = line(h, b);
    dead.broken = true;
    dead.held_up.clear();
    dead.held_down.clear();
    if (!dead.host_has) continue;
    const Moment heard = open(broker(b), host(h)) ? latency() : chance_.between(kGivesUp.first, kGivesUp.second);
    world_.engine.in(world_.hosts[h]->agent.process, heard,
                     [this, h, b, stream = dead.stream] { host_notices(h, b, stream); });
  }
}

// ---- messages

bool Network::is_lost(std::size_t h, std::size_t b, bool vanishes) {
  if (calm_) return false;
  if (chance_.chance(world_.setup.weather.breaks_line)) {
    break_line(h, b);
    return true;
  }
  return vanishes && chance_.chance(world_.setup.weather.vanishes);
}

Moment Network::arrival(Moment& last, bool may_be_late) {
  const Moment now = world_.engine.now();
  const Moment at = std::max(last + Moment(1), now + latency());
  if (may_be_late && !calm_ && chance_.chance(world_.setup.weather.comes_late))
    return at - now + chance_.between(10ms, 5s);
  last = at;
  return at - now;
}

void Network::to_broker(std::size_t h, std::size_t b, ToBroker message) {
  Line& up = line(h, b);
  if (!up.host_has || up.broken) return;
  if (!open(host(h), broker(b)) || !up.held_up.empty()) return up.held_up.push_back(std::move(message));
  send_up(h, b, message);
}

void Network::send_up(std::size_t h, std::size_t b, const ToBroker& message) {
  Line& up = line(h, b);
  const bool hello = std::holds_alternative<Hello>(message);
  if (!hello && is_lost(h, b, may_vanish(message))) return;
  const Moment after = arrival(up.last_up, !hello);
  const bool comes_late = world_.engine.now() + after > up.last_up;
  up.odd = up.odd || (comes_late && std::holds_alternative<std::shared_ptr<const Report>>(message));
  BrokerModel& to = *world_.brokers[b];
  world_.engine.in(to.process, after, [&to, h, stream = up.stream, message] { to.receive(h, stream, message, false); });
  if (calm_ || hello || !chance_.chance(world_.setup.weather.comes_again)) return;
  up.odd = true;
  world_.engine.in(to.process, chance_.between(kComesAgain.first, kComesAgain.second),
                   [this, &to, h, stream = up.stream, message] {
                     if (!calm_) to.receive(h, stream, message, true);
                   });
}

void Network::to_host(std::size_t b, std::size_t h, ToHost message) {
  Line& down = line(h, b);
  if (down.broken || world_.brokers[b]->stream_of(h) != down.stream) return;
  if (!open(broker(b), host(h)) || !down.held_down.empty()) return down.held_down.push_back(std::move(message));
  send_down(h, b, message);
}

void Network::send_down(std::size_t h, std::size_t b, const ToHost& message) {
  Line& down = line(h, b);
  if (is_lost(h, b, true)) return;
  const Moment after = arrival(down.last_down, true);
  Agent& to = world_.hosts[h]->agent;
  world_.engine.in(to.process, after, [this, &to, h, b, stream = down.stream, message] {
    const Line& now = line(h, b);
    if (now.host_has && now.stream == stream) to.receive(b, message);
  });
  if (calm_ || !chance_.chance(world_.setup.weather.comes_again)) return;
  down.odd = true;
  world_.engine.in(to.process, chance_.between(kComesAgain.first, kComesAgain.second), [this, &to, b, message] {
    if (!calm_) to.receive(b, message);
  });
}

// ---- people

void Network::call(std::size_t b, Task task) {
  if (!open(people(), broker(b))) return;
  if (!calm_ && chance_.chance(world_.setup.weather.breaks_line)) return;
  Process& to = world_.brokers[b]->process;
  if (!calm_ && chance_.chance(world_.setup.weather.comes_again)) {
    world_.engine.in(to, chance_.between(kComesAgain.first, kComesAgain.second), [this, task] {
      if (!calm_) task();
    });
  }
  world_.engine.in(to, latency(), std::move(task));
}

void Network::answer(std::size_t b, Task task) {
  if (!open(broker(b), people())) return;
  if (!calm_ && chance_.chance(world_.setup.weather.breaks_line)) return;
  world_.engine.in(latency(), std::move(task));
}

}  // namespace tobari::sim
