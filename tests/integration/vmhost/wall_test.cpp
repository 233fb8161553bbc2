// SPDX-License-Identifier: GPL-3.0-or-later
// Walls on a host: who shows a desktop when, with a FakeHypervisor and display processes that are played.
#include <tobari/base/wall.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <format>

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "agent_fixture.h"
#include "front_client.h"
#include "processes.h"
#include "session_client.h"

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;
using Kind = wire::SessionEvent::Kind;

class WallTest : public AgentFixture {
 protected:
  WallTest() : AgentFixture("") {}

  void run_desktops(std::size_t count = 3) {
    for (std::size_t i = 0; i < count; ++i) {
      ids_.push_back(random_uuid());
      wire::DesiredDesktop& desktop = *state_.add_desktops();
      desktop.set_desktop_id(ids_.back());
      desktop.set_epoch(1);
      desktop.set_name(std::format("d{}", i));
      desktop.set_image("test");
      desktop.set_vcpus(1);
      desktop.set_memory_mib(64);
      desktop.set_power(wire::DesiredDesktop::ON);
    }
    broker_.desire(state_);
    ASSERT_TRUE(eventually([&] { return running() == count; }));
    // A display of its own each, and its source.
    for (const std::string& id : ids_) ASSERT_TRUE(eventually([&] { return open({id}).answer.has_display_opened(); }));
  }
  std::size_t running() {
    const auto actual = broker_.actual();
    return static_cast<std::size_t>(std::ranges::count_if(
        actual.desktops(), [](const auto& each) { return each.state() == wire::DESKTOP_STATE_RUNNING; }));
  }

  struct Opened {
    std::string session = random_uuid();
    std::string token = random_token();
    wire::FromHost answer;
  };
  // One desktop: its own display; several: a wall.
  Opened open(const std::vector<std::string>& ids, std::uint64_t epoch_of_last = 1) {
    Opened opened;
    wire::ToHost message;
    wire::OpenDisplay& order = *message.mutable_open_display();
    order.set_request_id(random_uuid());
    order.set_session_id(opened.session);
    order.set_routing_token_sha256(sha256(opened.token));
    order.set_ticket_sha256(std::string(32, 't'));
    order.set_valid_seconds(60);
    order.set_desktop_id(ids.front());
    order.set_epoch(ids.size() == 1 ? epoch_of_last : 1);
    for (std::size_t i = 1; i < ids.size(); ++i) {
      wire::FurtherDesktop& further = *order.add_further();
      further.set_desktop_id(ids[i]);
      further.set_epoch(i + 1 == ids.size() ? epoch_of_last : 1);
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
  bool told(const Opened& opened, Kind kind) {
    return broker_
        .wait([&](const auto& m) { return m.session().session_id() == opened.session && m.session().kind() == kind; })
        .has_value();
  }
  void close_session(const Opened& opened) {
    wire::ToHost message;
    message.mutable_close_session()->set_session_id(opened.session);
    message.mutable_close_session()->set_reason("an administrator ended it");
    broker_.send(message);
  }
  static long displays() {
    const auto found = children_named("vmhost_fake_dis");
    return static_cast<long>(found.size());
  }
  static bool gone(pid_t pid) { return ::kill(pid, 0) != 0; }
  // A new connection to the desktop's own display, after how many sources it has been given.
  std::string own_line(const std::string& id) {
    const Opened opened = open({id});
    return connect_to_front(front(), connection_request(opened.token));
  }

  wire::DesiredState state_;
  std::vector<std::string> ids_;
};

TEST_F(WallTest, OneProcessGetsTheDisplayOfEveryDesktop) {
  run_desktops();
  const Opened wall = open(ids_);
  ASSERT_TRUE(wall.answer.has_display_opened()) << wall.answer.ShortDebugString();
  EXPECT_EQ(wall.answer.display_opened().certificate_sha256().size(), 64U);
  Client client(front(), wall.token);
  EXPECT_TRUE(client.hears("session " + wall.session));
  for (int screen = 0; screen < 3; ++screen) EXPECT_TRUE(client.hears(std::format("screen {}\n", screen)));
  EXPECT_TRUE(told(wall, wire::SessionEvent::CONNECTED));
  EXPECT_EQ(connect_to_front(front(), connection_request(wall.token)), "") << "a token is good once";
}

TEST_F(WallTest, EndsWhenOneOfItsDesktopsIsSomebodyElses) {
  run_desktops(2);
  const Opened wall = open(ids_);
  Client client(front(), wall.token);
  ASSERT_TRUE(client.hears("session " + wall.session));
  ASSERT_TRUE(told(wall, wire::SessionEvent::CONNECTED));
  state_.mutable_desktops(1)->set_epoch(2);
  broker_.desire(state_);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(told(wall, wire::SessionEvent::DISCONNECTED));
}

TEST_F(WallTest, NothingChangesUntilItsClientHasSignedIn) {
  run_desktops(2);
  const Opened single = open({ids_[1]});
  Client before(front(), single.token);
  ASSERT_TRUE(before.hears("session " + single.session));
  const Opened wall = open(ids_);
  ASSERT_TRUE(wall.answer.has_display_opened());
  EXPECT_FALSE(before.hears("taken over", std::chrono::seconds(1)));
  Client client(front(), wall.token);
  EXPECT_TRUE(before.hears("taken over"));
  EXPECT_TRUE(before.closed());
  EXPECT_TRUE(told(single, wire::SessionEvent::DISCONNECTED));
  EXPECT_TRUE(client.hears("screen 1\n"));
}

TEST_F(WallTest, SigningInAtOneOfItsDesktopsEndsIt) {
  run_desktops(2);
  const Opened wall = open(ids_);
  Client client(front(), wall.token);
  ASSERT_TRUE(client.hears("screen 1\n"));
  const pid_t process = client.pid();
  ASSERT_GT(process, 0);
  const Opened single = open({ids_[1]});
  Client owner(front(), single.token);
  EXPECT_TRUE(client.hears("taken over"));
  EXPECT_TRUE(told(wall, wire::SessionEvent::DISCONNECTED));
  EXPECT_TRUE(owner.hears("screen 0\n")) << "its own display has the VM back";
  EXPECT_TRUE(eventually([process] { return gone(process); }));
  EXPECT_NE(owner.pid(), process);
}

TEST_F(WallTest, ADesktopThatComesBackIsShownAgainOnItsScreen) {
  run_desktops();
  const Opened wall = open(ids_);
  Client client(front(), wall.token);
  for (int screen = 0; screen < 3; ++screen) ASSERT_TRUE(client.hears(std::format("screen {}\n", screen)));
  client.forget();
  hypervisor_.crash(*DesktopId::parse(ids_[1]));
  EXPECT_TRUE(client.hears("screen 1\n"));
  EXPECT_FALSE(client.hears("screen 0\n", std::chrono::seconds(1))) << "the others are left alone";
  EXPECT_THAT(own_line(ids_[1]), HasSubstr("sources 1")) << "and its own display did not take it away";
}

TEST_F(WallTest, ClosingItsSessionEndsTheProcessAndGivesTheDesktopsBack) {
  run_desktops(2);
  const Opened wall = open(ids_);
  Client client(front(), wall.token);
  ASSERT_TRUE(client.hears("screen 1\n"));
  const pid_t process = client.pid();
  close_session(wall);
  EXPECT_TRUE(client.hears("dropped"));
  EXPECT_TRUE(told(wall, wire::SessionEvent::DISCONNECTED));
  EXPECT_TRUE(eventually([process] { return gone(process); }));
  for (const std::string& id : ids_) {
    EXPECT_TRUE(eventually([&] { return own_line(id).contains("sources 2"); })) << "the display it had, and again";
  }
}

TEST_F(WallTest, AKilledProcessEndsTheSessionAndIsNotStartedAgain) {
  run_desktops(2);
  const Opened wall = open(ids_);
  Client client(front(), wall.token);
  ASSERT_TRUE(client.hears("screen 1\n"));
  const long before = displays();
  ASSERT_EQ(::kill(client.pid(), SIGKILL), 0);
  EXPECT_TRUE(told(wall, wire::SessionEvent::DISCONNECTED));
  for (const std::string& id : ids_) EXPECT_TRUE(eventually([&] { return own_line(id).contains("sources 2"); }));
  EXPECT_TRUE(eventually([before] { return displays() == before - 1; }));
}

TEST_F(WallTest, OfTheWallsThatWaitTheNewestCounts) {
  run_desktops(2);
  const long before = displays();
  const Opened first = open(ids_);
  const Opened second = open({ids_[1], ids_[0]});
  ASSERT_TRUE(second.answer.has_display_opened());
  EXPECT_EQ(connect_to_front(front(), connection_request(first.token)), "");
  EXPECT_TRUE(eventually([before] { return displays() == before + 1; }));
  Client client(front(), second.token);
  EXPECT_TRUE(client.hears("screen 1\n"));
}

TEST_F(WallTest, AnotherWallWithOneOfItsDesktopsTakesThemOver) {
  run_desktops(3);
  const Opened first = open({ids_[0], ids_[1]});
  Client before(front(), first.token);
  ASSERT_TRUE(before.hears("screen 1\n"));
  const Opened second = open({ids_[2], ids_[1]});
  Client after(front(), second.token);
  EXPECT_TRUE(before.hears("taken over"));
  EXPECT_TRUE(after.hears("screen 1\n"));
  EXPECT_TRUE(told(first, wire::SessionEvent::DISCONNECTED));
}

TEST_F(WallTest, WhatCannotBeAWallIsRefused) {
  run_desktops(2);
  const auto refused = [this](const std::vector<std::string>& ids, std::uint64_t epoch = 1) {
    return open(ids, epoch).answer.failed().message();
  };
  EXPECT_THAT(refused({ids_[0], random_uuid()}), HasSubstr("does not have the desktop"));
  EXPECT_THAT(refused({ids_[0], "../../etc/passwd"}), HasSubstr("does not have the desktop"));
  EXPECT_THAT(refused(ids_, 2), HasSubstr("another epoch"));
  EXPECT_THAT(refused({ids_[0], ids_[1], ids_[0]}), HasSubstr("once"));
  EXPECT_THAT(refused(std::vector<std::string>(kMaxWallDesktops + 1, ids_[0])), HasSubstr("more desktops"));
  hypervisor_.fail_next_start({Errc::kInvalidArgument, "no", "", 0});
  hypervisor_.crash(*DesktopId::parse(ids_[1]));
  EXPECT_TRUE(eventually([this] { return running() == 1; }));
  EXPECT_NE(refused(ids_), "");
}

}  // namespace
}  // namespace tobari::vmhost
