// SPDX-License-Identifier: GPL-3.0-or-later
// An agent that is started again goes on with what the one before it left: here with a FakeHypervisor, a FakeKeeper and
// display processes that are played, and real connections through the front.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <format>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "agent_fixture.h"
#include "host/files.h"
#include "processes.h"
#include "session_client.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Kind = wire::SessionEvent::Kind;

class AdoptTest : public AgentFixture {
 protected:
  AdoptTest() : AgentFixture("", false, Keeper::kFake) {}

  wire::DesiredState desired(std::size_t count) {
    wire::DesiredState state;
    while (ids_.size() < count) ids_.push_back(random_uuid());
    for (std::size_t i = 0; i < count; ++i) {
      wire::DesiredDesktop& desktop = *state.add_desktops();
      desktop.set_desktop_id(ids_[i]);
      desktop.set_epoch(1);
      desktop.set_name(std::format("d{}", i));
      desktop.set_image("test");
      desktop.set_vcpus(1);
      desktop.set_memory_mib(64);
      desktop.set_power(wire::DesiredDesktop::ON);
    }
    return state;
  }
  // Each with a display that has its source.
  void run_desktops(std::size_t count = 1) {
    ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); })) << "before that there is no line";
    broker_.desire(desired(count));
    for (const std::string& id : ids_) {
      ASSERT_TRUE(eventually([&] { return open({id}).answer.has_display_opened(); }));
      ASSERT_TRUE(eventually([&] {
        const OpenedSession opened = open({id});
        Client client(front(), opened.token);
        const bool has_source = client.hears("sources 1\n", 1s);
        client.say("goodbye\n");
        return has_source && told(opened.session, wire::SessionEvent::DISCONNECTED);
      }));
    }
  }

  struct OpenedSession {
    std::string session = random_uuid();
    std::string token = random_token();
    wire::FromHost answer;
  };
  OpenedSession open(const std::vector<std::string>& ids, bool recorded = false) {
    OpenedSession opened;
    wire::ToHost message;
    wire::OpenDisplay& order = *message.mutable_open_display();
    order.set_request_id(random_uuid());
    order.set_session_id(opened.session);
    order.set_routing_token_sha256(sha256(opened.token));
    order.set_ticket_sha256(std::string(32, 't'));
    order.set_valid_seconds(60);
    order.set_desktop_id(ids.front());
    order.set_epoch(1);
    if (recorded) {
      order.mutable_grant()->set_recording(wire::Grant::REQUIRED);
      order.set_recording_key(std::string(32, 'k'));
    }
    for (std::size_t i = 1; i < ids.size(); ++i) {
      order.add_further()->set_desktop_id(ids[i]);
      order.mutable_further()->rbegin()->set_epoch(1);
    }
    broker_.send(message);
    opened.answer = broker_
                        .wait([&order](const wire::FromHost& m) {
                          return m.display_opened().request_id() == order.request_id() ||
                                 m.failed().request_id() == order.request_id();
                        })
                        .value_or(wire::FromHost());
    return opened;
  }
  std::optional<wire::FromHost> told(const std::string& session, Kind kind, std::chrono::seconds within = 20s) {
    return broker_.wait(
        [&](const auto& m) { return m.session().session_id() == session && m.session().kind() == kind; }, within);
  }
  void start_again() {
    broker_.clear();
    start();
    ASSERT_TRUE(broker_.wait([](const auto& m) { return m.has_hello(); }));
  }
  void restart() {
    stop();
    start_again();
  }
  // What was reported so far is not reported again.
  void store_events() {
    for (const wire::FromHost& message : broker_.received()) {
      if (!message.has_session()) continue;
      wire::ToHost stored;
      stored.mutable_event_stored()->set_event_id(message.session().event_id());
      broker_.send(stored);
    }
    ASSERT_TRUE(open({ids_.front()}).answer.has_display_opened()) << "so it has read them";
  }
  // Past whatever the agents did when they came and went.
  bool echoes(Client& client) {
    const std::string word = random_uuid() + "\n";
    client.say(word);
    return client.hears(word);
  }

  std::vector<std::string> ids_;
};

TEST_F(AdoptTest, AConnectionLivesOnWithTheSameProcessAndPicture) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  const pid_t display = client.pid();
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  client.forget();
  restart();
  EXPECT_TRUE(client.hears("resumed\n"));
  EXPECT_TRUE(echoes(client));
  EXPECT_FALSE(client.hears("screen", 1s)) << "it has its source already";
  EXPECT_EQ(::kill(display, 0), 0);
  EXPECT_FALSE(told(opened.session, wire::SessionEvent::DISCONNECTED, 0s));
  const OpenedSession next = open(ids_);
  Client other(front(), next.token);
  EXPECT_EQ(other.pid(), display) << "and serves the next one";
  EXPECT_EQ(hypervisor_.starts(*DesktopId::parse(ids_[0])), 1);
}

TEST_F(AdoptTest, OftenInARow) {
  run_desktops(2);
  const OpenedSession opened = open({ids_[1]});
  Client client(front(), opened.token);
  const pid_t display = client.pid();
  for (int i = 0; i < 4; ++i) {
    client.forget();
    restart();
    ASSERT_TRUE(client.hears("resumed\n")) << i;
  }
  EXPECT_TRUE(echoes(client));
  EXPECT_EQ(::kill(display, 0), 0);
}

TEST_F(AdoptTest, WhoConnectsMeanwhileWaitsAndIsServed) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  const net::Endpoint there = front();
  stop();
  Client client(there, opened.token);
  EXPECT_FALSE(client.hears("session", 1s)) << "nobody looks at it yet";
  start_again();
  EXPECT_GT(client.pid(), 0);
  EXPECT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  Client again(there, opened.token);
  EXPECT_TRUE(again.closed()) << "a token is good once";
}

TEST_F(AdoptTest, ATokenThatWasUsedBeforeIsUsedAfter) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  restart();
  Client thief(front(), opened.token);
  EXPECT_TRUE(thief.closed());
  EXPECT_TRUE(echoes(client));
}

TEST_F(AdoptTest, ASessionThatWasClosedDoesNotComeBack) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  wire::ToHost close;
  close.mutable_close_session()->set_session_id(opened.session);
  broker_.send(close);
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::DISCONNECTED));  // fake_display says so of any
  restart();
  Client client(front(), opened.token);
  EXPECT_TRUE(client.closed());
}

TEST_F(AdoptTest, WhoLeftMeanwhileIsReported) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  stop();
  client.say("goodbye\n");
  EXPECT_TRUE(client.closed());
  start_again();
  const auto left = told(opened.session, wire::SessionEvent::DISCONNECTED);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->session().detail(), "left");
}

// The agent heard it, and was killed before it was written down.
TEST_F(AdoptTest, AnEndThatGotLostIsFoundOut) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  stop();
  wire::HeldSession held;
  held.set_session_id(opened.session);
  held.set_desktop_id(ids_[0]);
  held.set_connected(true);
  FakeKeeper(house_).annotate("session/" + opened.session, held.SerializeAsString());
  start_again();
  const auto left = told(opened.session, wire::SessionEvent::DISCONNECTED);
  ASSERT_TRUE(left);
  EXPECT_THAT(left->session().detail(), HasSubstr("while the host agent was away"));
}

TEST_F(AdoptTest, ABeginningThatGotLostIsFoundOut) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  store_events();
  stop();
  wire::HeldSession held;
  held.set_session_id(opened.session);
  held.set_desktop_id(ids_[0]);
  FakeKeeper(house_).annotate("session/" + opened.session, held.SerializeAsString());
  start_again();
  const auto again = told(opened.session, wire::SessionEvent::CONNECTED);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->session().client_name(), "fake");
}

// What it says of itself is no proof: whose session that is, the keeper has.
TEST_F(AdoptTest, ADisplayDoesNotGetAnothersSession) {
  run_desktops(2);
  const OpenedSession opened = open({ids_[0]});
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  store_events();
  stop();
  wire::HeldSession held;
  held.set_session_id(opened.session);
  held.set_desktop_id(ids_[1]);  // of the other desktop
  FakeKeeper(house_).annotate("session/" + opened.session, held.SerializeAsString());
  start_again();
  ASSERT_TRUE(client.hears("resumed\n"));
  EXPECT_FALSE(told(opened.session, wire::SessionEvent::CONNECTED, 1s));
}

TEST_F(AdoptTest, ADisplayThatDiedMeanwhileIsReplacedAndItsSessionReported) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  const pid_t display = client.pid();
  ASSERT_TRUE(told(opened.session, wire::SessionEvent::CONNECTED));
  stop();
  ::kill(display, SIGKILL);
  EXPECT_TRUE(client.closed());
  start_again();
  EXPECT_TRUE(told(opened.session, wire::SessionEvent::DISCONNECTED));
  ASSERT_TRUE(eventually([&] { return open(ids_).answer.has_display_opened(); }));
  const OpenedSession next = open(ids_);
  Client other(front(), next.token);
  const pid_t now = other.pid();
  EXPECT_GT(now, 0);
  EXPECT_NE(now, display);
}

TEST_F(AdoptTest, AMachineThatDiedMeanwhileComesBackToTheSameDisplay) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  const pid_t display = client.pid();
  client.forget();
  stop();
  hypervisor_.crash(*DesktopId::parse(ids_[0]));
  start_again();
  EXPECT_TRUE(client.hears("screen 0\n")) << "of the machine that was started again";
  EXPECT_EQ(::kill(display, 0), 0);
  EXPECT_EQ(hypervisor_.starts(*DesktopId::parse(ids_[0])), 2);
}

TEST_F(AdoptTest, AWallGoesOnAndGivesItsDesktopsBack) {
  run_desktops(2);
  const OpenedSession own = open({ids_[0]});
  const OpenedSession opened = open(ids_);
  ASSERT_TRUE(opened.answer.has_display_opened());
  Client wall(front(), opened.token);
  const pid_t display = wall.pid();
  ASSERT_TRUE(wall.hears("screen 0\n"));
  ASSERT_TRUE(wall.hears("screen 1\n"));
  wall.forget();
  restart();
  EXPECT_TRUE(wall.hears("resumed\n"));
  EXPECT_FALSE(wall.hears("screen", 1s)) << "it shows both still";
  EXPECT_TRUE(echoes(wall));
  EXPECT_EQ(::kill(display, 0), 0);
  EXPECT_FALSE(told(opened.session, wire::SessionEvent::DISCONNECTED, 0s));
  Client alone(front(), own.token);  // who comes back to one of its desktops takes it from the wall
  ASSERT_GT(alone.pid(), 0);
  EXPECT_TRUE(wall.hears("taken over\n"));
  EXPECT_TRUE(alone.hears("screen 0\n"));
  EXPECT_TRUE(told(opened.session, wire::SessionEvent::DISCONNECTED));
}

TEST_F(AdoptTest, AWallThatWaitsForItsClientIsStillThere) {
  run_desktops(2);
  const OpenedSession opened = open(ids_);
  ASSERT_TRUE(opened.answer.has_display_opened());
  restart();
  Client wall(front(), opened.token);
  EXPECT_GT(wall.pid(), 0);
  EXPECT_TRUE(wall.hears("screen 1\n"));
}

TEST_F(AdoptTest, ARecordingGetsANewLine) {
  run_desktops();
  const OpenedSession shown = open(ids_);
  Client client(front(), shown.token);
  ASSERT_GT(client.pid(), 0);
  const OpenedSession recorded = open(ids_, true);
  ASSERT_TRUE(recorded.answer.has_display_opened());
  restart();
  EXPECT_TRUE(client.hears("line\n"));
}

TEST_F(AdoptTest, WhatTheBrokerSaysAfterwardsReachesTheSession) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  restart();
  ASSERT_TRUE(client.hears("resumed\n"));
  wire::ToHost narrow;
  narrow.mutable_narrow_session()->set_session_id(opened.session);
  narrow.mutable_narrow_session()->mutable_grant();
  broker_.send(narrow);
  EXPECT_TRUE(broker_.wait([&](const auto& m) { return m.transfer_asked().session_id() == opened.session; }))
      << "fake_display asks when it is narrowed";
  wire::ToHost close;
  close.mutable_close_session()->set_session_id(opened.session);
  close.mutable_close_session()->set_reason("the policy");
  broker_.send(close);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(told(opened.session, wire::SessionEvent::DISCONNECTED));
}

TEST_F(AdoptTest, ADesktopThatIsNotWantedAnyMoreTakesItsDisplayAlong) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  restart();
  ASSERT_TRUE(client.hears("resumed\n"));
  wire::DesiredState gone = desired(1);
  gone.mutable_desktops(0)->set_power(wire::DesiredDesktop::DELETED);
  broker_.desire(gone);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(eventually([&] { return !hypervisor_.spec(*DesktopId::parse(ids_[0])); }));
}

// The agent before had read it, and died before it had ended what there was.
TEST_F(AdoptTest, ADesktopThatWasGivenAnewMeanwhileIsNotShownOn) {
  run_desktops();
  const OpenedSession opened = open(ids_);
  const OpenedSession unused = open(ids_);
  Client client(front(), opened.token);
  ASSERT_GT(client.pid(), 0);
  stop();
  wire::DesiredState given = desired(1);
  given.mutable_desktops(0)->set_epoch(2);
  broker_.desire(given);
  ASSERT_TRUE(write_file_durably(image_.dir() / "desired", given.SerializeAsString()));
  start_again();
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(told(opened.session, wire::SessionEvent::DISCONNECTED));
  Client late(front(), unused.token);
  EXPECT_TRUE(late.closed());
  EXPECT_EQ(hypervisor_.starts(*DesktopId::parse(ids_[0])), 1);
}

// ---- a desktop that crashes

TEST_F(AdoptTest, APoolMayLeaveItOff) {
  wire::DesiredState state = desired(1);
  state.mutable_desktops(0)->set_on_crash(wire::DesiredDesktop::STAY_OFF);
  broker_.desire(state);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  hypervisor_.crash(*DesktopId::parse(ids_[0]));
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_FAILED));
  EXPECT_THAT(broker_.actual().desktops(0).detail(), HasSubstr("leaves it off"));
  EXPECT_EQ(hypervisor_.starts(*DesktopId::parse(ids_[0])), 1);
  wire::ToHost restart_it;
  restart_it.mutable_restart_desktop()->set_request_id("r");
  restart_it.mutable_restart_desktop()->set_desktop_id(ids_[0]);
  restart_it.mutable_restart_desktop()->set_epoch(1);
  broker_.send(restart_it);
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
}

TEST_F(AdoptTest, APoolSaysHowOften) {
  wire::DesiredState state = desired(1);
  state.mutable_desktops(0)->set_crash_restarts(1);
  broker_.desire(state);
  const DesktopId id = *DesktopId::parse(ids_[0]);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  hypervisor_.crash(id);
  ASSERT_TRUE(eventually([&] { return hypervisor_.starts(id) == 2; })) << "at once, the first time";
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  hypervisor_.crash(id);
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_FAILED));
  EXPECT_THAT(broker_.actual().desktops(0).detail(), HasSubstr("given up"));
  EXPECT_EQ(hypervisor_.starts(id), 2);
}

}  // namespace
}  // namespace tobari::vmhost
