// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop's life by the whole agent, on a FakeHypervisor, with a guest that the test plays: rest, log-off, notices,
// restarts and users' disks.
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/net/tcp_socket.h>

#include "agent_fixture.h"
#include "front_client.h"
#include "guest_port.h"
#include "host/files.h"
#include "processes.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LifeTest : public AgentFixture {
 protected:
  LifeTest() : AgentFixture("org.tobari.agent.0") {
    port_ = std::make_unique<GuestPort>(image_.dir() / ("agents/" + id_ + ".sock"));
    wire::DesiredDesktop& desktop = *desired_.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(1);
    desktop.set_name("alice-1");
    desktop.set_image("test");
    desktop.set_vcpus(2);
    desktop.set_memory_mib(512);
    desktop.set_heads(1);
  }

  wire::DesiredDesktop& wanted() { return *desired_.mutable_desktops(0); }
  void desire(const std::function<void(wire::DesiredDesktop&)>& change) {
    change(wanted());
    broker_.desire(desired_);
  }
  void power_on() {
    desire([](auto& d) { d.set_power(wire::DesiredDesktop::ON); });
  }
  void rest(wire::Rest how) {
    desire([how](auto& d) {
      d.set_power(wire::DesiredDesktop::OFF);
      d.set_rest(how);
    });
  }
  void answer_guest() {
    port_->accept();
    ASSERT_TRUE(port_->hears("hello 1\n"));
    port_->say("hello 1 ready\n");
  }
  void run_desktop() {
    power_on();
    answer_guest();
    ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  }
  [[nodiscard]] wire::ActualDesktop actual() {
    const wire::ActualState state = broker_.actual();
    return state.desktops_size() == 1 ? state.desktops(0) : wire::ActualDesktop();
  }
  bool rests(wire::Rest how) {
    return eventually([&] { return actual().state() == wire::DESKTOP_STATE_STOPPED && actual().rest() == how; });
  }
  bool paused() {
    const auto all = hypervisor_.list();
    return all && all->size() == 1 && all->front().paused;
  }
  // A client that is shown the desktop: what it reads is what its display was told.
  UniqueFd connected_client() {
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    const std::string token = random_token();
    open.set_request_id(random_uuid());
    open.set_desktop_id(id_);
    open.set_epoch(wanted().epoch());
    open.set_session_id(random_uuid());
    open.set_routing_token_sha256(sha256(token));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    broker_.send(message);
    EXPECT_TRUE(broker_.wait([&](const wire::FromHost& m) { return m.has_display_opened(); }));
    auto socket = net::connect_tcp(front(), std::chrono::milliseconds(2000));
    EXPECT_TRUE(socket);
    const std::string request = connection_request(token);
    EXPECT_EQ(::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    EXPECT_THAT(read_answer(socket->get()), HasSubstr("session "));
    return *std::move(socket);
  }

  const std::string id_ = random_uuid();
  const DesktopId desktop_ = *DesktopId::parse(id_);
  wire::DesiredState desired_;
  std::unique_ptr<GuestPort> port_;
};

// ---- rest

TEST_F(LifeTest, SuspendsAndGoesOnWithTheRightTime) {
  run_desktop();
  rest(wire::REST_SUSPENDED);
  ASSERT_TRUE(rests(wire::REST_SUSPENDED));
  EXPECT_TRUE(paused());
  power_on();
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_FALSE(paused());
  EXPECT_TRUE(port_->hears("clock "));
  EXPECT_EQ(hypervisor_.starts(desktop_), 1);
}

TEST_F(LifeTest, SavesAndStartsFromThere) {
  run_desktop();
  rest(wire::REST_SAVED);
  ASSERT_TRUE(rests(wire::REST_SAVED));
  power_on();
  answer_guest();
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_TRUE(port_->hears("clock "));
  EXPECT_TRUE(eventually([this] { return actual().rest() == wire::REST_STOPPED; }));
}

TEST_F(LifeTest, WhatCannotBeSavedIsSuspended) {
  run_desktop();
  hypervisor_.fail_next_save({Errc::kIo, "no space left", "", 0});
  rest(wire::REST_SAVED);
  EXPECT_TRUE(rests(wire::REST_SUSPENDED)) << "its user's work is kept";
}

TEST_F(LifeTest, ASuspendedDesktopStopsAndIsDeleted) {
  run_desktop();
  rest(wire::REST_SUSPENDED);
  ASSERT_TRUE(rests(wire::REST_SUSPENDED));
  rest(wire::REST_STOPPED);
  EXPECT_TRUE(rests(wire::REST_STOPPED));
  power_on();
  answer_guest();
  rest(wire::REST_SUSPENDED);
  ASSERT_TRUE(rests(wire::REST_SUSPENDED));
  desire([](auto& d) { d.set_power(wire::DesiredDesktop::DELETED); });
  EXPECT_TRUE(eventually([this] { return broker_.actual().desktops_size() == 0; }));
}

TEST_F(LifeTest, AResetForgetsWhatWasSaved) {
  run_desktop();
  rest(wire::REST_SAVED);
  ASSERT_TRUE(rests(wire::REST_SAVED));
  wire::ToHost message;
  message.mutable_restart_desktop()->set_desktop_id(id_);
  message.mutable_restart_desktop()->set_epoch(1);
  broker_.send(message);
  EXPECT_TRUE(eventually([this] { return !hypervisor_.list()->front().saved; }));
}

TEST_F(LifeTest, ARestartInOrderAsksTheGuestAndStartsItAgain) {
  run_desktop();
  wire::ToHost message;
  message.mutable_restart_desktop()->set_desktop_id(id_);
  message.mutable_restart_desktop()->set_epoch(1);
  message.mutable_restart_desktop()->set_orderly(true);
  broker_.send(message);
  EXPECT_TRUE(port_->hears("shutdown\n"));
  ASSERT_TRUE(hypervisor_.stop(desktop_, StopMode::kNow));  // it obeys
  answer_guest();
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(hypervisor_.starts(desktop_), 2);
}

TEST_F(LifeTest, WhatIsMadeAnewGoesDownFirstAlsoWhenItIsWantedOnAtOnce) {
  run_desktop();
  desire([](auto& d) {
    d.set_epoch(2);
    d.set_disk(1);
  });
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STARTING)) << "nobody is shown the old one";
  EXPECT_TRUE(port_->hears("shutdown\n"));
  ASSERT_TRUE(hypervisor_.stop(desktop_, StopMode::kNow));  // it obeys
  answer_guest();
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  const auto spec = hypervisor_.spec(desktop_);
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->disk, HasSubstr("/" + id_ + ".1.qcow2"));
}

// ---- log-off

TEST_F(LifeTest, TheUsersLogOffIsPartOfItsStateUntilItIsAnotherUsers) {
  run_desktop();
  EXPECT_FALSE(actual().logged_off());
  port_->say("logged-off\n");
  EXPECT_TRUE(eventually([this] { return actual().logged_off(); }));
  desire([](auto& d) { d.set_epoch(2); });
  EXPECT_TRUE(eventually([this] { return actual().epoch() == 2 && !actual().logged_off(); }));
}

TEST_F(LifeTest, TheBrokerLogsTheGuestOff) {
  run_desktop();
  wire::ToHost message;
  message.mutable_log_off()->set_desktop_id(id_);
  message.mutable_log_off()->set_epoch(9);
  broker_.send(message);
  message.mutable_log_off()->set_epoch(1);
  broker_.send(message);
  EXPECT_TRUE(port_->hears("log-off\n"));
}

TEST_F(LifeTest, WhoIsConnectedIsToldThatItEndsAndThatItDoesNot) {
  run_desktop();
  const UniqueFd client = connected_client();
  desire([](auto& d) {
    d.mutable_ending()->set_in_seconds(300);
    d.mutable_ending()->set_text("the house closes");
  });
  EXPECT_THAT(read_answer_with("warned", client.get()), HasSubstr("warned the house closes in 300"));
  desire([](auto& d) { d.clear_ending(); });
  EXPECT_THAT(read_answer_with("warned", client.get()), HasSubstr("warned  in 0"));
}

// ---- users' disks

class UserDiskLife : public LifeTest {
 protected:
  UserDiskLife() { wanted().set_takes_user_disk(true); }
  wire::UserDisk disk(wire::UserDisk::Kind kind = wire::UserDisk::DISK) {
    wire::UserDisk made;
    made.set_id(disk_);
    made.set_epoch(1);
    made.set_kind(kind);
    made.set_size_gib(1);
    return made;
  }
  void give(const wire::UserDisk& given) {
    desire([&given](auto& d) { *d.add_user_disks() = given; });
  }
  [[nodiscard]] std::string file() const { return image_.dir() / ("user-disks/" + disk_ + ".qcow2"); }

  const std::string disk_ = random_uuid();
};

TEST_F(UserDiskLife, ComesWhileItRunsAndOnlyThenTheDesktopRuns) {
  run_desktop();
  give(disk());
  ASSERT_TRUE(port_->hears("home disk " + serial_of(*UserDiskId::parse(disk_)) + "\n"));
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STARTING));
  EXPECT_TRUE(hypervisor_.disks(desktop_).contains(file()));
  EXPECT_EQ(actual().user_disks_size(), 0);
  port_->say("ok home\n");
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  ASSERT_EQ(actual().user_disks_size(), 1);
  EXPECT_EQ(actual().user_disks(0), disk_);
}

TEST_F(UserDiskLife, AGuestThatCannotUseItIsAskedAgain) {
  run_desktop();
  give(disk());
  ASSERT_TRUE(port_->hears("home disk "));
  port_->say("error home failed\n");
  EXPECT_TRUE(eventually([this] { return actual().detail().find("cannot use it") != std::string::npos; }));
  ASSERT_TRUE(port_->hears("home disk "));
  port_->say("ok home\n");
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
}

TEST_F(UserDiskLife, OneThatWasThereAndIsNotIsNotMadeAnew) {
  run_desktop();
  wire::UserDisk lost = disk();
  lost.set_made(true);
  give(lost);
  EXPECT_TRUE(eventually([this] { return actual().detail().find("bring it back") != std::string::npos; }));
  EXPECT_EQ(actual().state(), wire::DESKTOP_STATE_STARTING);
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(UserDiskLife, AFolderIsThereFromTheStart) {
  give(disk(wire::UserDisk::FOLDER));
  power_on();
  answer_guest();
  ASSERT_TRUE(port_->hears("home folder tobari-home\n"));
  port_->say("ok home\n");
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  const auto spec = hypervisor_.spec(desktop_);
  ASSERT_TRUE(spec && spec->folder);
  EXPECT_EQ(spec->folder->path, image_.dir() / ("user-disks/" + disk_));
}

TEST_F(UserDiskLife, IsAttachedAgainAfterEveryStart) {
  give(disk());
  power_on();
  for (int start = 1; start <= 2; ++start) {
    answer_guest();
    ASSERT_TRUE(port_->hears("home disk "));
    port_->say("ok home\n");
    ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
    if (start == 1) hypervisor_.crash(desktop_);
  }
  EXPECT_TRUE(hypervisor_.disks(desktop_).contains(file()));
}

TEST_F(UserDiskLife, IsDeletedWhenNobodyHasIt) {
  give(disk());
  power_on();
  answer_guest();
  ASSERT_TRUE(port_->hears("home disk "));
  port_->say("ok home\n");
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  wire::DesiredState both = desired_;
  *both.add_removed_user_disks() = disk();
  broker_.desire(both);
  EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_TRUE(fs::exists(file())) << "a desktop has it";
  both.mutable_desktops(0)->set_power(wire::DesiredDesktop::DELETED);
  broker_.desire(both);
  ASSERT_TRUE(eventually([this] { return broker_.actual().desktops_size() == 0; }));
  broker_.desire(both);
  EXPECT_TRUE(eventually([this] { return broker_.actual().removed_user_disks_size() == 1; }));
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(UserDiskLife, TheHostSaysWhichStoragesItReaches) {
  const auto hello = broker_.wait([](const wire::FromHost& m) { return m.has_hello(); });
  ASSERT_TRUE(hello);
  ASSERT_EQ(hello->hello().user_storages_size(), 1);
  EXPECT_EQ(hello->hello().user_storages(0), "nas");
}

}  // namespace
}  // namespace tobari::vmhost
