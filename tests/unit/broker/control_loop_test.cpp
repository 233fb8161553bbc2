// SPDX-License-Identifier: GPL-3.0-or-later
// The control core driven by hosts and by the clock: one broker, and two on one database.
#include "rpc/control_loop.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "core/offer.h"
#include "harness.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
ControlLoop::Times times_of_a_jumping_clock() {
  ControlLoop::Times times;
  times.still = 24h;
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

std::vector<wire::LeaseAnswer> leases_in(const std::vector<wire::ToHost>& sent) {
  std::vector<wire::LeaseAnswer> found;
  for (const wire::ToHost& each : sent) {
    if (each.has_lease()) found.push_back(each.lease());
  }
  return found;
}

wire::DesiredState last_desired(const std::vector<wire::ToHost>& sent) {
  wire::DesiredState last;
  for (const wire::ToHost& each : sent) {
    if (each.has_desired()) last = each.desired();
  }
  return last;
}

std::size_t desired_count(const std::vector<wire::ToHost>& sent) {
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
    return {.id = SessionId::random(),
            .desktop = desktop.id,
            .user = alice_.id,
            .user_name = "alice",
            .host = desktop.host,
            .state = state,
            .client_address = "",
            .client_name = "",
            .detail = "",
            .created_at = clock_.wall(),
            .offer_expires_at = clock_.wall() + kOfferLifetime,
            .routing_sha256 = random_token(),
            .routed = false,
            .further = {}};
  }

  ManualClock clock_;
  MemoryStore store_{clock_};
  const User alice_{UserId::random(), "alice", Role::kUser, ""};
  const Node one_{HostId::random(), "host-1", NodeRole::kHost, clock_.wall()};
  const Node two_{HostId::random(), "host-2", NodeRole::kHost, clock_.wall()};
  OneBroker broker_{store_, clock_};
};

// ---- leases

TEST_F(ControlLoopTest, AllWhoAskAreAnsweredInOneGo) {
  const auto first = broker_.attach(one_);
  const auto second = broker_.attach(two_);
  broker_.ask(one_, 41, host(one_).revision);
  broker_.ask(two_, 7, host(two_).revision);
  broker_.loop.turn();
  const auto granted = leases_in(first->sent());
  ASSERT_EQ(granted.size(), 1U);
  EXPECT_EQ(granted[0].number(), 41U);
  EXPECT_EQ(granted[0].kind(), wire::LeaseAnswer::GRANTED);
  EXPECT_EQ(granted[0].revision(), host(one_).revision);
  ASSERT_EQ(leases_in(second->sent()).size(), 1U);
  EXPECT_EQ(leases_in(second->sent())[0].number(), 7U);
  EXPECT_EQ(host(one_).lease, 1U);
  EXPECT_EQ(host(two_).lease, 1U);
  EXPECT_THAT(audited(), IsEmpty()) << "a renewal is no news";
}

TEST_F(ControlLoopTest, OfSeveralQuestionsTheNewestIsAnswered) {
  const auto link = broker_.attach(one_);
  broker_.ask(one_, 1);
  broker_.ask(one_, 2);
  broker_.loop.turn();
  ASSERT_EQ(leases_in(link->sent()).size(), 1U);
  EXPECT_EQ(leases_in(link->sent())[0].number(), 2U);
}

TEST_F(ControlLoopTest, AHostThatIsBehindIsToldBeforeItsGrant) {
  const auto link = broker_.attach(one_);
  const std::size_t before = link->sent().size();
  broker_.ask(one_, 1, host(one_).revision - 1);
  broker_.loop.turn();
  const auto sent = link->sent();
  ASSERT_EQ(sent.size(), before + 2);
  EXPECT_TRUE(sent[before].has_desired());
  EXPECT_TRUE(sent[before + 1].has_lease());
}

TEST_F(ControlLoopTest, WhoIsSilentIsLostAndComesBackByAsking) {
  const auto link = broker_.attach(one_);
  broker_.ask(one_, 1);
  broker_.loop.turn();
  turn_after(500ms);
  turn_after(37s);
  EXPECT_FALSE(host(one_).lost);
  const int before = broker_.news;
  turn_after(1s);
  EXPECT_TRUE(host(one_).lost);
  EXPECT_TRUE(host(two_).lost) << "it was never there, and nothing of it can be trusted";
  EXPECT_GT(broker_.news, before) << "who waits for it looks again";
  broker_.ask(one_, 2);
  broker_.loop.turn();
  EXPECT_FALSE(host(one_).lost);
  EXPECT_THAT(audited(), Contains("host.back"));
}

TEST_F(ControlLoopTest, WhoAsksIsNotLost) {
  broker_.attach(one_);
  for (std::uint64_t number = 1; number < 12; ++number) {
    broker_.ask(one_, number);
    turn_after(8s);
  }
  EXPECT_FALSE(host(one_).lost);
}

TEST_F(ControlLoopTest, WithoutTheDatabaseHostsGetPromises) {
  const auto link = broker_.attach(one_);
  broker_.ask(one_, 1);
  broker_.loop.turn();
  store_.set_away(true);
  for (std::uint64_t number = 2; number < 10; ++number) {
    broker_.ask(one_, number);
    turn_after(8s);
  }
  const auto answers = leases_in(link->sent());
  ASSERT_EQ(answers.size(), 9U);
  EXPECT_EQ(answers.back().kind(), wire::LeaseAnswer::PROMISED);
  EXPECT_EQ(answers.back().number(), 9U);
  EXPECT_EQ(link->closed(), "") << "its line stays";
  store_.set_away(false);
  // Its last promise was 8 s ago: it must not be called lost for another 30 s.
  turn_after(1s);
  turn_after(28s);
  EXPECT_FALSE(host(one_).lost);
  turn_after(1s);
  turn_after(40s);
  EXPECT_TRUE(host(one_).lost) << "it has not asked since";
}

TEST_F(ControlLoopTest, AFullDiskIsNoReasonToPauseDesktops) {
  const auto link = broker_.attach(one_);
  store_.set_full(true);
  broker_.ask(one_, 1);
  broker_.loop.turn();
  ASSERT_EQ(leases_in(link->sent()).size(), 1U);
  EXPECT_EQ(leases_in(link->sent())[0].kind(), wire::LeaseAnswer::PROMISED);
}

TEST_F(ControlLoopTest, TimeWithoutTheDatabaseDoesNotCount) {
  turn_after(0s);
  turn_after(30s);
  store_.set_away(true);
  turn_after(10s);
  store_.set_away(false);
  turn_after(1s);
  EXPECT_FALSE(host(one_).lost);
  turn_after(37s);
  EXPECT_FALSE(host(one_).lost);
  turn_after(1s);
  EXPECT_TRUE(host(one_).lost);
}

TEST_F(ControlLoopTest, TimeInWhichTheBrokerStoodStillDoesNotCount) {
  OneBroker broker(store_, clock_, ControlLoop::Times());
  broker.attach(one_);
  broker.ask(one_, 1);
  broker.loop.turn();
  pass(1s);
  broker.loop.turn();
  pass(60s);
  broker.loop.turn();  // before it has heard what the hosts say
  EXPECT_FALSE(host(one_).lost);
  for (int i = 0; i < 3; ++i) {
    pass(10s);
    broker.loop.turn();
  }
  EXPECT_FALSE(host(one_).lost);
  pass(8s);
  broker.loop.turn();
  EXPECT_TRUE(host(one_).lost);
}

TEST_F(ControlLoopTest, KnowsHowOldALeaseIs) {
  broker_.attach(one_);
  broker_.loop.turn();
  EXPECT_EQ(broker_.loop.lease_age(one_.id), std::nullopt);
  broker_.ask(one_, 1);
  turn_after(1s);
  pass(3s);
  EXPECT_EQ(broker_.loop.lease_age(one_.id), 3s);
  EXPECT_EQ(broker_.loop.lease_age(HostId::random()), std::nullopt);
}

// ---- reports

TEST_F(ControlLoopTest, WhatIsDeletedIsForgottenWhenItsHostSaysSo) {
  const auto link = broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  ASSERT_TRUE(broker_.control.decide(control::GiveBack{desktop.id, alice_.id, "logged off", {}}).has_value());
  wire::ActualState old;  // of before it was told anything
  ASSERT_TRUE(broker_.hosts.set_actual(one_.id, broker_.lines[one_.id], old).has_value());
  broker_.loop.turn();
  EXPECT_EQ(desktops().size(), 1U);
  report(broker_, one_, last_desired(link->sent()));
  broker_.loop.turn();
  EXPECT_THAT(desktops(), IsEmpty());
  EXPECT_THAT(audited(), Contains("desktop.removed"));
  EXPECT_EQ(last_desired(link->sent()).desktops_size(), 0);
}

TEST_F(ControlLoopTest, AReportOfALineThatWasFollowedByAnotherIsOld) {
  const auto before = broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  const auto line = broker_.attach(one_);
  report(broker_, one_, last_desired(line->sent()));
  ASSERT_TRUE(broker_.control.facts()->running.contains(desktop.id));
  ASSERT_TRUE(broker_.control.decide(control::GiveBack{desktop.id, alice_.id, "logged off", {}}).has_value());
  wire::ActualState late;  // was still waiting to be read when its line broke
  late.set_revision(host(one_).revision);
  EXPECT_TRUE(broker_.hosts.set_actual(one_.id, before.get(), late).has_value()) << "nobody's mistake";
  broker_.loop.turn();
  EXPECT_TRUE(broker_.control.facts()->running.contains(desktop.id)) << "nothing repeats the newer one";
  EXPECT_EQ(desktops().size(), 1U);
}

TEST_F(ControlLoopTest, AReportThatSaysNothingNewWritesNothing) {
  CountingStore counted(store_);
  OneBroker broker(counted, clock_);
  const auto link = broker.attach(one_);
  assign(broker, add_pool(0));
  counted.transactions = 0;
  report(broker, one_, last_desired(link->sent()));
  broker.loop.turn();
  EXPECT_EQ(counted.transactions, 0);
  wire::DesiredState played = last_desired(link->sent());
  played.mutable_desktops(0)->set_epoch(9);
  report(broker, one_, played);
  broker.loop.turn();
  EXPECT_EQ(counted.transactions, 1);
}

TEST_F(ControlLoopTest, AReportWaitsForTheDatabase) {
  const auto link = broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  ASSERT_TRUE(broker_.control.decide(control::GiveBack{desktop.id, alice_.id, "logged off", {}}).has_value());
  report(broker_, one_, last_desired(link->sent()));
  store_.set_away(true);
  broker_.loop.turn();
  store_.set_away(false);
  turn_after(1s);
  EXPECT_THAT(desktops(), IsEmpty());
}

TEST_F(ControlLoopTest, AnEpochThatOnlyTheHostKnowsIsPassed) {
  const auto link = broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  wire::DesiredState played = last_desired(link->sent());
  played.mutable_desktops(0)->set_epoch(40);
  report(broker_, one_, played);
  broker_.loop.turn();
  EXPECT_EQ(desktops().front().epoch, 41U);
  EXPECT_EQ(last_desired(link->sent()).desktops(0).epoch(), 41U) << "and it is told";
  EXPECT_EQ(desktops().front().id, desktop.id);
}

TEST_F(ControlLoopTest, ImpossibleNumbersEndTheHostsLine) {
  const auto link = broker_.attach(one_);
  wire::ActualState played;
  played.set_revision(~std::uint64_t{0});
  EXPECT_EQ(broker_.hosts.set_actual(one_.id, link.get(), played).error().code, Errc::kPeerProtocol);
  played.set_revision(1);
  wire::ActualDesktop& seen = *played.add_desktops();
  seen.set_desktop_id(DesktopId::random().str());
  seen.set_epoch(kMostCounted + 1);
  EXPECT_EQ(broker_.hosts.set_actual(one_.id, link.get(), played).error().code, Errc::kPeerProtocol);
}

TEST_F(ControlLoopTest, ARevisionThatOnlyTheHostKnowsIsPassed) {
  const auto link = broker_.attach(one_);
  wire::ActualState actual;
  actual.set_revision(host(one_).revision + 500);
  ASSERT_TRUE(broker_.hosts.set_actual(one_.id, broker_.lines[one_.id], actual).has_value());
  broker_.loop.turn();
  EXPECT_EQ(last_desired(link->sent()).revision(), actual.revision() + 1) << "or the host would not listen";
}

// ---- pools

TEST_F(ControlLoopTest, PoolsAreFilledAndEmptyOnesNot) {
  const auto link = broker_.attach(one_);
  add_pool(2);
  turn_after(5s);
  EXPECT_EQ(desktops().size(), 2U);
  EXPECT_EQ(last_desired(link->sent()).desktops_size(), 2);
}

TEST_F(ControlLoopTest, WhatIsLeftToDoIsDoneSoon) {
  broker_.attach(one_);
  const Pool pool = add_pool(1);
  turn_after(5s);
  ASSERT_EQ(desktops().size(), 1U);
  assign(broker_, pool);  // the spare
  broker_.loop.turn();    // no time has passed
  EXPECT_EQ(desktops().size(), 2U);
}

TEST_F(ControlLoopTest, WithoutTheDatabaseNobodySweeps) {
  broker_.attach(one_);
  add_pool(2);
  store_.set_away(true);
  turn_after(5s);
  store_.set_away(false);
  turn_after(5s);
  EXPECT_EQ(desktops().size(), 2U);
}

TEST_F(ControlLoopTest, AFloatingDesktopThatNobodyUsesIsGivenBack) {
  const auto link = broker_.attach(one_);
  const Pool pool = add_pool(0);
  const Session session = session_with(assign(broker_, pool), SessionState::kConnected);
  change([&session](Writer& w) { return w.add_session(session); });
  turns_for(25min, broker_);
  EXPECT_EQ(desktops().front().user, alice_.id) << "somebody is connected";
  change([&session](Writer& w) { return w.update_session(session.id, SessionState::kDisconnected, "", "", ""); });
  turn_after(30s);
  turns_for(9min, broker_);
  EXPECT_EQ(desktops().front().power, Power::kOn);
  turns_for(1min, broker_);
  EXPECT_EQ(desktops().front().power, Power::kDeleted);
}

TEST_F(ControlLoopTest, AVisitThatNoLookSawIsOne) {
  broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  turns_for(9min, broker_);
  const Session session = session_with(desktop, SessionState::kDisconnected);
  change([&session](Writer& w) { return w.add_session(session); });
  turns_for(9min, broker_);
  EXPECT_EQ(desktops().front().power, Power::kOn);
  turns_for(3min, broker_);
  EXPECT_EQ(desktops().front().power, Power::kDeleted);
}

TEST_F(ControlLoopTest, ABrokerThatStartsAgainCountsFromThen) {
  broker_.attach(one_);
  assign(broker_, add_pool(0));
  turns_for(9min, broker_);
  OneBroker next(store_, clock_);
  turns_for(9min, next);
  EXPECT_EQ(desktops().front().power, Power::kOn);
}

// ---- several brokers

class TwoBrokersTest : public ControlLoopTest {
 protected:
  OneBroker other_{store_, clock_};
};

TEST_F(TwoBrokersTest, WhatOneDecidesReachesTheOthersHosts) {
  const auto link = broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  broker_.loop.turn();
  const std::size_t before = desired_count(link->sent());
  // By the other one, which has no line to this host.
  ASSERT_TRUE(other_.control.decide(control::GiveBack{desktop.id, alice_.id, "logged off", {}}).has_value());
  EXPECT_EQ(desired_count(link->sent()), before);
  turn_after(500ms);
  EXPECT_EQ(desired_count(link->sent()), before + 1);
  EXPECT_EQ(last_desired(link->sent()).desktops(0).power(), wire::DesiredDesktop::DELETED);
  turn_after(500ms);
  EXPECT_EQ(desired_count(link->sent()), before + 1) << "once";
}

TEST_F(TwoBrokersTest, ALeaseThatOneRenewsIsSeenByTheOther) {
  broker_.attach(one_);
  for (std::uint64_t number = 1; number < 12; ++number) {
    broker_.ask(one_, number);
    broker_.loop.turn();
    pass(8s);
    other_.loop.turn();
  }
  EXPECT_FALSE(host(one_).lost);
}

TEST_F(TwoBrokersTest, AHostIsCalledLostOnce) {
  broker_.loop.turn();
  other_.loop.turn();
  pass(38s);
  broker_.loop.turn();
  other_.loop.turn();
  const auto actions = audited();
  EXPECT_EQ(std::ranges::count(actions, "host.lost"), 2) << "two hosts, and not four records";
  EXPECT_EQ(other_.news, 2) << "who waits there for one of them looks again as well";
  pass(500ms);
  other_.loop.turn();
  EXPECT_EQ(other_.news, 2) << "once";
}

TEST_F(TwoBrokersTest, OneThatIsThereInTheMeantimeKeepsNobodysPromises) {
  broker_.attach(one_);
  broker_.ask(one_, 1);
  broker_.loop.turn();
  other_.loop.turn();
  // The first one cannot reach the database any more, and promises; the second one knows nothing of that.
  pass(38s);
  other_.loop.turn();
  EXPECT_TRUE(host(one_).lost) << "which is why a host needs the promises of all";
}

TEST_F(TwoBrokersTest, AHostThatTheOtherRemovesLosesItsLineHere) {
  const auto link = broker_.attach(one_);
  broker_.loop.turn();
  EXPECT_EQ(link->closed(), "");
  change([this](Writer& w) { return w.remove_node(one_.id); });
  turn_after(500ms);
  EXPECT_THAT(link->closed(), HasSubstr("removed"));
}

TEST_F(TwoBrokersTest, BothHaveTheLineAndOneAnswerIsEnough) {
  const auto first = broker_.attach(one_);
  const auto second = other_.attach(one_);
  broker_.ask(one_, 5);
  other_.ask(one_, 5);
  broker_.loop.turn();
  other_.loop.turn();
  EXPECT_EQ(leases_in(first->sent()).size(), 1U);
  EXPECT_EQ(leases_in(second->sent()).size(), 1U);
  EXPECT_EQ(host(one_).lease, 2U);
}

// ---- what a host is told

TEST_F(ControlLoopTest, WhatMayRunElsewhereIsLeased) {
  const auto link = broker_.attach(one_);
  const Desktop floating = assign(broker_, add_pool(0));
  Desktop own;
  own.id = DesktopId::random();
  own.name = "own";
  own.user = alice_.id;
  own.host = one_.id;
  own.image = "debian";
  own.power = Power::kOn;
  change([&own](Writer& w) { return w.add_desktop(own); });
  turn_after(500ms);
  const wire::DesiredState told = last_desired(link->sent());
  EXPECT_EQ(told.revision(), host(one_).revision);
  ASSERT_EQ(told.desktops_size(), 2);
  for (const wire::DesiredDesktop& each : told.desktops()) {
    EXPECT_EQ(each.leased(), each.desktop_id() == floating.id.str());
    EXPECT_EQ(each.template_id().empty(), each.desktop_id() != floating.id.str());
  }
}

TEST_F(ControlLoopTest, TemplatesFollowThePools) {
  const auto link = broker_.attach(one_);
  broker_.loop.turn();
  EXPECT_EQ(last_desired(link->sent()).templates_size(), 0);
  Pool pool = add_pool(0);
  turn_after(500ms);
  ASSERT_EQ(last_desired(link->sent()).templates_size(), 1);
  EXPECT_EQ(last_desired(link->sent()).templates(0).memory_mib(), 512U);
  const std::string first = last_desired(link->sent()).templates(0).id();
  pool.memory_mib = 1024;
  change([&pool](Writer& w) { return w.change_pool(pool); });
  turn_after(500ms);
  ASSERT_EQ(last_desired(link->sent()).templates_size(), 1);
  EXPECT_NE(last_desired(link->sent()).templates(0).id(), first);
  pool.image = "not-there";
  change([&pool](Writer& w) { return w.change_pool(pool); });
  turn_after(500ms);
  EXPECT_EQ(last_desired(link->sent()).templates_size(), 0) << "its image is not on this host";
}

TEST_F(ControlLoopTest, AHostThatComesWhileTheDatabaseIsAwayIsToldWhenItIsBack) {
  broker_.loop.turn();
  store_.set_away(true);
  const auto link = broker_.attach(one_);
  EXPECT_EQ(link->closed(), "");
  EXPECT_EQ(desired_count(link->sent()), 0U);
  turn_after(500ms);
  store_.set_away(false);
  turn_after(500ms);
  EXPECT_EQ(desired_count(link->sent()), 1U);
}

// ---- its thread

TEST(ControlLoopThread, AnswersByItself) {
  const SystemClock clock;
  MemoryStore store(clock);
  const Node node{HostId::random(), "host-1", NodeRole::kHost, clock.wall()};
  ASSERT_TRUE(store.transact([&node](Writer& w) { return w.add_node(node); }).has_value());
  OneBroker broker(store, clock);
  const auto link = broker.attach(node);
  std::mutex mutex;
  std::condition_variable changed;
  int answers = 0;
  link->on_message = [&](const wire::ToHost& message) {
    if (!message.has_lease()) return;
    const std::scoped_lock lock(mutex);
    ++answers;
    changed.notify_all();
  };
  broker.loop.start();
  for (int wanted = 1; wanted <= 3; ++wanted) {
    broker.ask(node, static_cast<std::uint64_t>(wanted));
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 10s, [&] { return answers == wanted; }));
  }
  broker.loop.stop();
}

}  // namespace
}  // namespace tobari::broker
