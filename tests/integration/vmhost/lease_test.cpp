// SPDX-License-Identifier: GPL-3.0-or-later
// What the whole agent does when its lease runs out and comes back, and with several brokers.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

#include "agent_fixture.h"
#include "front_client.h"
#include "processes.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr LeaseTimes kQuick{.ask_every = 100ms, .fence_after = 1500ms};
constexpr LeaseTimes kSlow{.ask_every = 100ms, .fence_after = 6s};

class LeaseTest : public AgentFixture {
 protected:
  explicit LeaseTest(LeaseTimes times = kQuick, std::size_t further_brokers = 0)
      : AgentFixture("", false, Keeper::kNone, false, AgentLeases{times, further_brokers}) {
    desired_.set_revision(10);
    add(kept_, false);
    add(floating_, true);
  }
  void add(const DesktopId& id, bool leased) {
    wire::DesiredDesktop& desktop = *desired_.add_desktops();
    desktop.set_desktop_id(id.str());
    desktop.set_epoch(1);
    desktop.set_name("d-" + id.str().substr(0, 8));
    desktop.set_image("test");
    desktop.set_vcpus(1);
    desktop.set_memory_mib(64);
    desktop.set_heads(1);
    desktop.set_power(wire::DesiredDesktop::ON);
    desktop.set_leased(leased);
  }
  void run_both() {
    broker_.desire(desired_);
    ASSERT_TRUE(eventually([this] { return runs(kept_) && runs(floating_); }));
  }
  void grant(bool yes) { broker_.lease(yes ? wire::LeaseAnswer::GRANTED : wire::LeaseAnswer::KIND_UNSPECIFIED); }
  [[nodiscard]] std::optional<DomainInfo> machine(const DesktopId& id) {
    const auto all = hypervisor_.list();
    for (const DomainInfo& each : all.value_or(std::vector<DomainInfo>())) {
      if (each.id == id) return each;
    }
    return std::nullopt;
  }
  bool runs(const DesktopId& id) {
    const auto found = machine(id);
    return found && found->running && !found->paused;
  }
  bool paused(const DesktopId& id) {
    const auto found = machine(id);
    return found && found->running && found->paused;
  }
  std::string detail_of(const DesktopId& id) {
    const wire::ActualState actual = broker_.actual();
    for (const wire::ActualDesktop& each : actual.desktops()) {
      if (each.desktop_id() == id.str()) return each.detail();
    }
    return "";
  }
  // Of a session with the floating desktop: its id, and the client's socket.
  std::pair<std::string, UniqueFd> connected_client() {
    const std::string token = random_token();
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    open.set_request_id(random_uuid());
    open.set_desktop_id(floating_.str());
    open.set_epoch(1);
    open.set_session_id(random_uuid());
    open.set_routing_token_sha256(sha256(token));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    broker_.send(message);
    EXPECT_TRUE(broker_.wait([](const wire::FromHost& m) { return m.has_display_opened(); }));
    auto socket = net::connect_tcp(front(), 2000ms);
    EXPECT_TRUE(socket);
    const std::string request = connection_request(token);
    EXPECT_EQ(::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    EXPECT_THAT(read_answer(socket->get()), HasSubstr("session "));
    return {open.session_id(), *std::move(socket)};
  }

  const DesktopId kept_ = DesktopId::random();
  const DesktopId floating_ = DesktopId::random();
  wire::DesiredState desired_;
};

TEST_F(LeaseTest, WhatMayRunElsewhereStandsStillWithoutALeaseAndGoesOnWithOne) {
  run_both();
  grant(false);
  ASSERT_TRUE(eventually([this] { return paused(floating_); }));
  EXPECT_TRUE(runs(kept_)) << "nobody can have that elsewhere";
  EXPECT_TRUE(eventually([this] { return !detail_of(floating_).empty(); }));
  EXPECT_THAT(detail_of(floating_), HasSubstr("no lease"));
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(paused(floating_)) << "nothing but a grant resumes it";
  grant(true);
  EXPECT_TRUE(eventually([this] { return runs(floating_); }));
  EXPECT_EQ(hypervisor_.starts(floating_), 1) << "it went on where it was";
}

TEST_F(LeaseTest, WithoutALeaseNothingThatMayRunElsewhereIsStarted) {
  grant(false);
  broker_.desire(desired_);
  ASSERT_TRUE(eventually([this] { return runs(kept_); }));
  std::this_thread::sleep_for(400ms);
  EXPECT_EQ(hypervisor_.starts(floating_), 0);
  grant(true);
  EXPECT_TRUE(eventually([this] { return runs(floating_); }));
}

TEST_F(LeaseTest, ItsSessionEnds) {
  run_both();
  const auto [session, client] = connected_client();
  grant(false);
  ASSERT_TRUE(eventually([this] { return paused(floating_); }));
  EXPECT_TRUE(broker_.wait([&session](const wire::FromHost& m) {
    return m.session().session_id() == session && m.session().kind() == wire::SessionEvent::DISCONNECTED;
  }));
}

TEST_F(LeaseTest, AGrantThatNamesANewerStateHoldsWhenThatIsThere) {
  run_both();
  grant(false);
  ASSERT_TRUE(eventually([this] { return paused(floating_); }));
  broker_.lease(wire::LeaseAnswer::GRANTED, 11U);
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(paused(floating_)) << "it may have been taken from this host";
  // It has: to be deleted, with a higher epoch.
  desired_.set_revision(11);
  desired_.mutable_desktops(1)->set_power(wire::DesiredDesktop::DELETED);
  desired_.mutable_desktops(1)->set_epoch(2);
  std::atomic<bool> ran = false;
  const std::jthread watcher([this, &ran](const std::stop_token& done) {
    while (!done.stop_requested()) {
      if (runs(floating_)) ran = true;
      std::this_thread::sleep_for(1ms);
    }
  });
  broker_.desire(desired_);
  EXPECT_TRUE(eventually([this] { return !machine(floating_).has_value(); }));
  EXPECT_FALSE(ran) << "not even in order to end";
  EXPECT_TRUE(eventually([this] {
    const wire::ActualState actual = broker_.actual();
    return actual.revision() == 11 && actual.desktops_size() == 1;
  }));
}

TEST_F(LeaseTest, AnOlderDesiredStateIsNotUsed) {
  run_both();
  wire::DesiredState older = desired_;
  older.set_revision(9);
  older.mutable_desktops(0)->set_power(wire::DesiredDesktop::DELETED);
  broker_.desire(older);
  std::this_thread::sleep_for(400ms);
  EXPECT_TRUE(runs(kept_));
  EXPECT_EQ(broker_.actual().revision(), 10U);
}

TEST_F(LeaseTest, MachinesThatNobodyKnowsAreReportedStandStillAndAreStopped) {
  run_both();
  const DesktopId stranger = DesktopId::random();
  DomainSpec spec;
  spec.id = stranger;
  grant(false);
  ASSERT_TRUE(eventually([this] { return paused(floating_); }));
  ASSERT_TRUE(hypervisor_.define(spec));
  ASSERT_TRUE(hypervisor_.start(stranger));
  ASSERT_TRUE(eventually([&] { return paused(stranger); }));
  EXPECT_TRUE(eventually([&] {
    const wire::ActualState actual = broker_.actual();
    return std::ranges::any_of(actual.desktops(), [&](const auto& d) { return d.desktop_id() == stranger.str(); });
  }));
  grant(true);
  EXPECT_TRUE(eventually([&] { return !machine(stranger)->running; }));
}

class LongLeaseTest : public LeaseTest {
 protected:
  LongLeaseTest() : LeaseTest(kSlow) {}
};

TEST_F(LongLeaseTest, TheNextAgentHasWhatWasLeftOfTheLease) {
  run_both();
  grant(false);
  stop();
  start();
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(runs(floating_)) << "a restart disturbs nobody";
  EXPECT_TRUE(eventually([this] { return paused(floating_); }));
  stop();
  start();
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(paused(floating_)) << "a restart is no grant";
  grant(true);
  EXPECT_TRUE(eventually([this] { return runs(floating_); }));
}

TEST_F(LeaseTest, TheWatchdogIsToldWhatMayRun) {
  run_both();
  const auto note = read_lease_note(lease_file(), *boot_id());
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->always.contains(kept_));
  EXPECT_TRUE(note->leased.contains(floating_));
  EXPECT_FALSE(note->always.contains(floating_));
  EXPECT_TRUE(eventually([&] { return read_lease_note(lease_file(), note->boot)->until > note->until; }));
  grant(false);
  ASSERT_TRUE(eventually([this] { return paused(floating_); }));
  EXPECT_LE(read_lease_note(lease_file(), note->boot)->until, boot_time());
}

// The watchdog has paused it, perhaps while this agent was stopped.
TEST_F(LeaseTest, WhatTheWatchdogHasPausedGoesOnUnderAGoodLease) {
  run_both();
  ASSERT_TRUE(hypervisor_.suspend(floating_));
  EXPECT_TRUE(eventually([this] { return runs(floating_); }));
}

TEST_F(LeaseTest, EventsThatAreNotStoredAreToldAgain) {
  run_both();
  const auto [session, client] = connected_client();
  const auto connected = [&session](const wire::FromHost& m) {
    return m.session().session_id() == session && m.session().kind() == wire::SessionEvent::CONNECTED;
  };
  const auto told = broker_.wait(connected);
  ASSERT_TRUE(told);
  broker_.clear();
  EXPECT_TRUE(broker_.wait(connected)) << "the database was away, say";
  wire::ToHost stored;
  stored.mutable_event_stored()->set_event_id(told->session().event_id());
  broker_.send(stored);
}

// ---- several brokers

class BrokersTest : public LeaseTest {
 protected:
  BrokersTest() : LeaseTest(kQuick, 1) {}
  FakeBroker& other() { return *further_.front(); }
};

TEST_F(BrokersTest, EachHearsWhatTheHostIsAndTheNewestWordHolds) {
  broker_.desire(desired_);
  wire::DesiredState older = desired_;
  older.set_revision(9);
  older.clear_desktops();
  ASSERT_TRUE(eventually([this] { return runs(kept_) && runs(floating_); }));
  other().desire(older);
  EXPECT_TRUE(other().wait([](const wire::FromHost& m) { return m.has_hello(); }));
  EXPECT_TRUE(other().wait([](const wire::FromHost& m) { return m.actual().desktops_size() == 2; }));
  EXPECT_TRUE(runs(kept_));
  wire::DesiredState newer = desired_;
  newer.set_revision(12);
  newer.mutable_desktops(0)->set_power(wire::DesiredDesktop::OFF);
  other().desire(newer);
  EXPECT_TRUE(eventually([this] { return !runs(kept_); })) << "whoever says it";
}

TEST_F(BrokersTest, OneGrantIsEnough) {
  run_both();
  other().lease(wire::LeaseAnswer::KIND_UNSPECIFIED);
  std::this_thread::sleep_for(2500ms);
  EXPECT_TRUE(runs(floating_));
  grant(false);
  EXPECT_TRUE(eventually([this] { return paused(floating_); }));
}

TEST_F(BrokersTest, PromisesMustBeOfAll) {
  run_both();
  broker_.lease(wire::LeaseAnswer::PROMISED);
  other().lease(wire::LeaseAnswer::PROMISED);
  std::this_thread::sleep_for(2500ms);
  EXPECT_TRUE(runs(floating_)) << "the database is away, and nobody takes anything";
  other().lease(wire::LeaseAnswer::KIND_UNSPECIFIED);
  EXPECT_TRUE(eventually([this] { return paused(floating_); })) << "one of them could";
  other().lease(wire::LeaseAnswer::PROMISED);
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(paused(floating_)) << "a promise revives nothing";
}

TEST_F(BrokersTest, AnAnswerGoesToWhoAsked) {
  run_both();
  wire::ToHost message;
  message.mutable_take_thumbnail()->set_request_id("of-the-other");
  message.mutable_take_thumbnail()->set_desktop_id(random_uuid());
  other().desire(desired_);
  other().send(message);
  const auto mine = [](const wire::FromHost& m) { return m.failed().request_id() == "of-the-other"; };
  EXPECT_TRUE(other().wait(mine));
  EXPECT_FALSE(broker_.wait(mine, 0s));
}

TEST_F(BrokersTest, EventsGoToOneAndToTheOtherWhenThatIsGone) {
  run_both();
  other().desire(desired_);
  const auto [session, client] = connected_client();
  const auto connected = [&session](const wire::FromHost& m) {
    return m.session().session_id() == session && m.session().kind() == wire::SessionEvent::CONNECTED;
  };
  ASSERT_TRUE(broker_.wait(connected));
  EXPECT_FALSE(other().wait(connected, 0s));
  broker_.cut();
  EXPECT_TRUE(other().wait(connected)) << "nobody has said that it is stored";
}

}  // namespace
}  // namespace tobari::vmhost
