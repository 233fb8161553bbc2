// SPDX-License-Identifier: GPL-3.0-or-later
// Pools looked after by the clock, by one broker and by two on one database.

#include "control_loop_fixture.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(TwoBrokersTest, WhatAHostHasFromTheOtherIsNotToldItAgain) {
  const auto here = broker_.attach(one_);
  const auto there = other_.attach(one_);
  const Pool pool = add_pool(0);
  broker_.loop.turn();
  other_.loop.turn();
  const std::size_t before = desired_count(there->sent());
  assign(broker_, pool);
  const wire::DesiredState told = last_desired(here->sent());
  report(broker_, one_, told);
  report(other_, one_, told);
  pass(500ms);
  other_.loop.turn();
  EXPECT_EQ(desired_count(there->sent()), before);
}

// What it was not told while the database was away may be more than its desktops.
TEST_F(TwoBrokersTest, AHostThatCouldNotBeToldIsToldWhateverItHas) {
  const auto here = broker_.attach(one_);
  const auto there = other_.attach(one_);
  assign(broker_, add_pool(0));
  const wire::DesiredState told = last_desired(here->sent());
  report(other_, one_, told);
  store_.set_away(true);
  other_.hosts.networks_changed();
  store_.set_away(false);
  const std::size_t before = desired_count(there->sent());
  pass(500ms);
  other_.loop.turn();
  EXPECT_EQ(desired_count(there->sent()), before + 1);
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

}  // namespace
}  // namespace tobari::broker
