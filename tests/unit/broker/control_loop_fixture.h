// SPDX-License-Identifier: GPL-3.0-or-later
// The control core driven by hosts and by the clock: what its tests share.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "core/offer.h"
#include "harness.h"
#include "rpc/control_loop.h"

namespace tobari::broker {

using namespace std::chrono_literals;

// How often something may be written.
class CountingStore final : public StateStore {
 public:
  explicit CountingStore(StateStore& inner) : inner_(inner) {}
  Result<void> act(const Act& act) override {
    ++transactions;
    return inner_.act(act);
  }
  Result<void> read(const Read& read) override { return inner_.read(read); }
  Result<void> transact(const std::function<Result<void>(Writer&)>& body) override {
    ++transactions;
    return inner_.transact(body);
  }
  int transactions = 0;

 private:
  StateStore& inner_;
};

// These tests' clock jumps, and that is no standstill.
inline ControlLoop::Times times_of_a_jumping_clock() {
  ControlLoop::Times times;
  times.still = 24h;
  times.soon = 0ms;  // what is left to be done is done with the next turn
  return times;
}

struct OneBroker {
  OneBroker(StateStore& store, const Clock& clock, ControlLoop::Times times = times_of_a_jumping_clock())
      : hosts(store, clock),
        control(store, clock, hosts),
        loop({store, clock, hosts, control, [](const std::set<std::string>&) { return ZoneTable(); }}, times) {
    hosts.on_reported([this](control::HostReported report) -> Result<void> {
      loop.reported(std::move(report));
      return {};
    });
    hosts.on_lease_asked([this](const control::LeaseAsk& ask) { loop.asked(ask); });
    hosts.on_news([this](const HostId&) { ++news; });
    control.on_more([this] { loop.sweep_soon(); });
  }
  ~OneBroker() { hosts.stop(); }
  OneBroker(const OneBroker&) = delete;
  OneBroker& operator=(const OneBroker&) = delete;

  std::shared_ptr<FakeHostLink> attach(const Node& node) {
    wire::HostHello hello;
    hello.set_name(node.name);
    hello.set_front_address("192.0.2.50");
    hello.set_front_port(3390);
    hello.set_memory_mib(8192);
    hello.add_images()->set_name("debian");
    auto link = std::make_shared<FakeHostLink>();
    EXPECT_TRUE(hosts.attach(node.id, link, hello).has_value());
    lines[node.id] = link.get();
    return link;
  }
  void ask(const Node& node, std::uint64_t number, std::uint64_t revision = 0) {
    wire::AskLease message;
    message.set_number(number);
    message.set_revision(revision);
    hosts.ask_lease(node.id, message);
  }

  HostRegistry hosts;
  std::map<HostId, const HostLink*> lines;  // the newest
  DirectControl control;
  ControlLoop loop;
  int news = 0;
};

inline std::vector<wire::LeaseAnswer> leases_in(const std::vector<wire::ToHost>& sent) {
  std::vector<wire::LeaseAnswer> found;
  for (const wire::ToHost& each : sent) {
    if (each.has_lease()) found.push_back(each.lease());
  }
  return found;
}

inline wire::DesiredState last_desired(const std::vector<wire::ToHost>& sent) {
  wire::DesiredState last;
  for (const wire::ToHost& each : sent) {
    if (each.has_desired()) last = each.desired();
  }
  return last;
}

inline std::size_t desired_count(const std::vector<wire::ToHost>& sent) {
  return static_cast<std::size_t>(std::ranges::count_if(sent, [](const auto& each) { return each.has_desired(); }));
}

class ControlLoopTest : public ::testing::Test {
 protected:
  ControlLoopTest() {
    store_.set_contended(true);
    change([this](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_user(alice_));
      TOBARI_TRY(w.add_node(one_));
      return w.add_node(two_);
    });
  }
  void change(const std::function<Result<void>(Writer&)>& body) {
    const auto done = store_.transact(body);
    ASSERT_TRUE(done.has_value()) << describe(done.error());
  }
  Pool add_pool(std::uint32_t spares, PoolKind kind = PoolKind::kFloating) {
    Pool pool;
    pool.id = PoolId::random();
    pool.name = "office";
    pool.kind = kind;
    pool.image = "debian";
    pool.vcpus = 1;
    pool.memory_mib = 512;
    pool.max = 8;
    pool.spares = spares;
    pool.keep = 10min;
    change([&pool](Writer& w) { return w.add_pool(pool); });
    return pool;
  }
  Desktop assign(OneBroker& broker, const Pool& pool) {
    const auto made = broker.control.decide(control::Assign{.request = {},
                                                            .user = alice_.id,
                                                            .pool = pool.id,
                                                            .fresh = DesktopId::random(),
                                                            .facts = broker.control.facts(),
                                                            .who = {}});
    EXPECT_TRUE(made.has_value()) << describe(made.error());
    return made.has_value() && made->assigned ? *made->assigned : Desktop();
  }
  // What a host says that has done everything.
  static void report(OneBroker& broker, const Node& node, const wire::DesiredState& desired) {
    wire::ActualState actual;
    actual.set_revision(desired.revision());
    for (const wire::DesiredDesktop& each : desired.desktops()) {
      if (each.power() == wire::DesiredDesktop::DELETED) continue;
      wire::ActualDesktop& seen = *actual.add_desktops();
      seen.set_desktop_id(each.desktop_id());
      seen.set_epoch(each.epoch());
      seen.set_state(wire::DESKTOP_STATE_RUNNING);
    }
    EXPECT_TRUE(broker.hosts.set_actual(node.id, broker.lines[node.id], actual).has_value());
  }
  Host host(const Node& node) {
    return *store_.get([&node](const Reader& r) { return r.host(node.id); });
  }
  std::vector<Desktop> desktops() {
    return *store_.get([](const Reader& r) { return r.desktops(); });
  }
  std::vector<std::string> audited() {
    std::vector<std::string> actions;
    const auto records = *store_.get([](const Reader& r) { return r.audit_after(0, 1000); });
    for (const auto& record : records) {
      actions.push_back(record.draft.action);
    }
    return actions;
  }
  void pass(std::chrono::milliseconds time) { clock_.advance(time); }
  void turn_after(std::chrono::milliseconds time) {
    pass(time);
    broker_.loop.turn();
  }
  // As often as a broker looks who is there: one that does not look so long begins to count again.
  void turns_for(std::chrono::minutes time, OneBroker& broker) {
    for (std::chrono::seconds left = time; left > 0s; left -= 30s) {
      pass(30s);
      broker.loop.turn();
    }
  }
  Session session_with(const Desktop& desktop, SessionState state) const {
    return session_of(clock_, desktop.id, alice_.id, desktop.host, state);
  }

  ManualClock clock_;
  MemoryStore store_{clock_};
  const User alice_{UserId::random(), "alice", Role::kUser, ""};
  const Node one_{HostId::random(), "host-1", NodeRole::kHost, clock_.wall()};
  const Node two_{HostId::random(), "host-2", NodeRole::kHost, clock_.wall()};
  OneBroker broker_{store_, clock_};
};

}  // namespace tobari::broker
