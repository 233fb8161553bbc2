// SPDX-License-Identifier: GPL-3.0-or-later
#include "person.h"

#include <utility>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr Moment kNoAnswer = 25s;  // a client asks again
constexpr Moment kNoGoodbye = 6s;
constexpr Moment kPictureFrozen = 15s;
constexpr int kTriesAtHost = 3;

}  // namespace

Person::Person(World& world, std::size_t index, UserId user_id, PoolId pool_id, std::uint64_t seed)
    : user(std::move(user_id)), pool(std::move(pool_id)), world_(world), index_(index), chance_(seed) {}

void Person::begin() { next(); }

void Person::next() {
  world_.engine.in(settled_ ? chance_.between(300ms, 1500ms) : chance_.between(500ms, 4s), [this] {
    look_around();
    next();
  });
}

bool Person::is_in() const {
  if (!shown_ || !shown_->came) return false;
  const auto& clients = world_.hosts[shown_->host]->hardware.clients;
  const auto found = clients.find(shown_->desktop);
  return found != clients.end() && found->second.session == shown_->session;
}

bool Person::works() const { return is_in() && world_.hosts[shown_->host]->hardware.executes(shown_->desktop); }

void Person::settle(bool stays) {
  settled_ = true;
  stays_ = stays;
}

void Person::look_around() {
  const Moment now = world_.engine.now();
  if (leaving_) {
    if (now - leaving_->since > kNoGoodbye) send_leaving();
    return;
  }
  if (settled_ && !stays_) {
    asking_.reset();
    if (shown_) leave(DesktopId(shown_->desktop));
    return;
  }
  if (asking_) {
    if (!asking_->rests && now - asking_->since > kNoAnswer) send();
    return;
  }
  if (is_in()) return look_while_in();
  frozen_since_.reset();
  if (settled_ || chance_.chance(600)) ask();
}

void Person::look_while_in() {
  const Moment now = world_.engine.now();
  if (works()) {
    frozen_since_.reset();
  } else if (!frozen_since_) {
    frozen_since_ = now;
  } else if (now - *frozen_since_ > kPictureFrozen) {
    frozen_since_.reset();
    return ask();
  }
  if (settled_) return;
  const std::uint64_t roll = chance_.below(1000);
  if (roll < 90) return leave(DesktopId(shown_->desktop));
  if (roll < 150) return drop_line();
  if (roll < 200) return ask();  // from another device
}

// ---- asking

void Person::ask() {
  asking_ = Asking{chance_.id<RequestId>(), world_.engine.now(), false};
  send();
}

void Person::send() {
  if (!asking_) return;
  asking_->since = world_.engine.now();
  asking_->rests = false;
  const Connect request{index_, world_.next_number(), asking_->request};
  calls_.insert(request.call);
  BrokerModel& broker = *world_.brokers[chance_.index(world_.brokers.size())];
  if (world_.trace.on()) world_.trace.say("person {} asks, request {}", index_, brief(request.request));
  world_.network.call(broker.index(), [&broker, request] { broker.connect(request); });
}

void Person::send_in(Moment pause) {
  asking_->rests = true;
  world_.engine.in(pause, [this, request = asking_->request] {
    if (asking_ && asking_->request == request && asking_->rests) send();
  });
}

void Person::answered(const ConnectAnswer& answer) {
  if (calls_.erase(answer.call) == 0) return;
  switch (answer.kind) {
    case ConnectAnswer::Kind::kAgain:
      if (asking_ && !asking_->rests) send_in(chance_.between(1s, 4s));
      return;
    case ConnectAnswer::Kind::kGivenBack:
      if (asking_) ask();
      return;
    case ConnectAnswer::Kind::kConnected:
      break;
  }
  if (world_.trace.on()) world_.trace.say("person {} is told of {}", index_, brief(answer.desktop));
  world_.oracle.acknowledged(index_, answer.desktop);
  asking_.reset();
  shown_ = Shown{answer.desktop, answer.session, answer.host, false};
  go_to_host(0);
}

// Through the gateway to the host's front, which needs its agent.
void Person::go_to_host(int tries) {
  world_.engine.in(tries == 0 ? chance_.between(20ms, 400ms) : Moment(2s), [this, tries, session = shown_->session] {
    if (!shown_ || shown_->session != session) return;
    Network& network = world_.network;
    HostModel& host = *world_.hosts[shown_->host];
    const auto site = network.host(shown_->host);
    const bool reaches =
        network.open(network.people(), site) && network.open(site, network.people()) && host.agent.process.runs();
    shown_->came = reaches && host.agent.client(session);
    if (!reaches && tries + 1 < kTriesAtHost) go_to_host(tries + 1);
  });
}

// ---- leaving

void Person::leave(const DesktopId& desktop) {
  asking_.reset();
  leaving_ = Leaving{desktop, world_.engine.now(), {}};
  world_.oracle.asked_to_give_back(desktop);
  send_leaving();
}

void Person::send_leaving() {
  leaving_->since = world_.engine.now();
  const std::uint64_t call = world_.next_number();
  leaving_->calls.insert(call);
  BrokerModel& broker = *world_.brokers[chance_.index(world_.brokers.size())];
  if (world_.trace.on()) world_.trace.say("person {} logs off from {}", index_, brief(leaving_->desktop));
  world_.network.call(broker.index(), [&broker, person = index_, desktop = leaving_->desktop, call] {
    broker.log_off(person, desktop, call);
  });
}

void Person::logged_off(std::uint64_t call) {
  if (!leaving_ || !leaving_->calls.contains(call)) return;
  if (world_.is_floating(pool)) world_.oracle.gave_back(index_, leaving_->desktop);
  leaving_.reset();
  shown_.reset();
}

void Person::drop_line() {
  Agent& agent = world_.hosts[shown_->host]->agent;
  if (!agent.process.runs()) return;
  agent.client_leaves(shown_->desktop);
  shown_.reset();
}

}  // namespace tobari::sim
