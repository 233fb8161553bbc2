// SPDX-License-Identifier: GPL-3.0-or-later
// One broker: leases, what hosts report and what they are told.
#include "rpc/control_loop.h"

#include <condition_variable>
#include <mutex>

#include "control_loop_fixture.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(ControlLoopTest, AReportThatComesAfterANewerOneIsDropped) {
  broker_.attach(one_);
  const Desktop desktop = assign(broker_, add_pool(0));
  ASSERT_TRUE(broker_.control.decide(control::GiveBack{desktop.id, alice_.id, "logged off", {}}).has_value());
  const auto reported = [&](std::uint64_t number, std::vector<control::SeenDesktop> seen) {
    control::HostReported report;
    report.host = one_.id;
    report.revision = host(one_).revision;
    report.desktops = std::move(seen);
    report.number = number;
    broker_.loop.reported(std::move(report));
  };
  reported(2, {{.id = desktop.id, .epoch = desktop.epoch}});
  reported(1, {});
  broker_.loop.turn();
  EXPECT_EQ(desktops().size(), 1U) << "it is still there";
  reported(1, {});
  broker_.loop.turn();
  EXPECT_EQ(desktops().size(), 1U) << "also when the newer one has been followed";
  reported(3, {});
  broker_.loop.turn();
  EXPECT_THAT(desktops(), IsEmpty());
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
