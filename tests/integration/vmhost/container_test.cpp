// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops that are containers, by the whole agent over a FakeHypervisor: the same life as a machine's, with files of
// another kind.
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/net/tcp_socket.h>

#include "agent_fixture.h"
#include "front_client.h"
#include "guest_port.h"
#include "processes.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ContainerFixture : public AgentFixture {
 protected:
  explicit ContainerFixture(bool allowed) : AgentFixture("org.tobari.agent.0", false, Keeper::kNone, allowed) {
    image_.dir().write("system/etc/hostname", "image\n");
    image_.dir().write("system/home/user/.bashrc", "PS1=x\n");
    image_.dir().write("images/light/root.tar", "");
    const std::string command =
        std::format("tar -C {0}/system -cf {0}/images/light/root.tar . && chmod 644 {0}/images/light/root.tar",
                    image_.dir().path().string());
    EXPECT_EQ(std::system(command.c_str()), 0);
    digest_ = *sha256_hex_of_file(image_.images() / "light/root.tar");
    image_.dir().write("images/light/manifest.json",
                       std::format(R"({{"machine":"container","root":"root.tar","agent_channel":"a",)"
                                   R"("clipboard_channel":"c","sha256":{{"root.tar":"{}"}}}})",
                                   digest_));
    port_ = std::make_unique<GuestPort>(image_.dir() / ("agents/" + id_ + ".sock"));
  }
  void desire(wire::DesiredDesktop::Power power, const std::string& image = "light",
              wire::DesiredDesktop::Machine machine = wire::DesiredDesktop::CONTAINER, std::uint64_t epoch = 1) {
    wire::DesiredState state;
    wire::DesiredDesktop& desktop = *state.add_desktops();
    desktop.set_desktop_id(id_);
    desktop.set_epoch(epoch);
    desktop.set_name("alice-1");
    desktop.set_image(image);
    desktop.set_vcpus(2);
    desktop.set_memory_mib(256);
    desktop.set_heads(4);
    desktop.set_power(power);
    desktop.set_machine(machine);
    broker_.desire(state);
  }
  void run_desktop() {
    desire(wire::DesiredDesktop::ON);
    port_->accept();
    ASSERT_TRUE(port_->hears("hello 1\n"));
    port_->say("hello 1 ready\n");
    ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING)) << broker_.actual().desktops(0).detail();
  }
  std::string failure() {
    EXPECT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_FAILED));
    return broker_.actual().desktops_size() == 1 ? broker_.actual().desktops(0).detail() : "";
  }
  bool open_display() {
    wire::ToHost message;
    wire::OpenDisplay& open = *message.mutable_open_display();
    open.set_request_id(random_uuid());
    open.set_desktop_id(id_);
    open.set_epoch(1);
    open.set_session_id(random_uuid());
    open.set_routing_token_sha256(sha256(token_));
    open.set_ticket_sha256(std::string(32, 't'));
    open.set_valid_seconds(60);
    broker_.send(message);
    return broker_.wait([](const wire::FromHost& m) { return m.has_display_opened(); }).has_value();
  }

  const std::string id_ = random_uuid();
  const DesktopId desktop_ = *DesktopId::parse(id_);
  const std::string token_ = random_token();
  std::string digest_;
  std::unique_ptr<GuestPort> port_;
};

class ContainerDesktop : public ContainerFixture {
 protected:
  ContainerDesktop() : ContainerFixture(true) {}
};
class NoContainers : public ContainerFixture {
 protected:
  NoContainers() : ContainerFixture(false) {}
};

TEST_F(ContainerDesktop, IsMadeOfTheImagesSystemAndAFolderOfItsOwn) {
  run_desktop();
  const auto spec = hypervisor_.spec(desktop_);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->machine, MachineKind::kContainer);
  EXPECT_EQ(spec->memory_mib, 256U);
  EXPECT_EQ(spec->container.base, (image_.dir() / "bases" / digest_).string());
  EXPECT_EQ(spec->container.own, (image_.dir() / "disks" / id_).string());
  EXPECT_EQ(spec->container.host_name, "alice-1");
  EXPECT_TRUE(spec->disk.empty());
  EXPECT_TRUE(fs::exists(fs::path(spec->container.own) / "upper/home/user/.bashrc"));
  EXPECT_FALSE(fs::exists(image_.dir() / ("disks/" + id_ + ".qcow2")));
  EXPECT_EQ(hypervisor_.starts(desktop_), 1);
}

TEST_F(ContainerDesktop, SaysWhatItCosts) {
  run_desktop();
  EXPECT_TRUE(broker_.wait([](const wire::FromHost& m) {
    return m.actual().desktops_size() == 1 && m.actual().desktops(0).private_memory_mib() > 0;
  }));
}

// What its display process is told of the socket that it gets, also after it was started again.
TEST_F(ContainerDesktop, ItsPictureComesFromAPort) {
  run_desktop();
  ASSERT_TRUE(open_display());
  const auto client = net::connect_tcp(front(), 2000ms);
  ASSERT_TRUE(client);
  const std::string request = connection_request(token_);
  ASSERT_EQ(::send(client->get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  EXPECT_THAT(read_answer(client->get()), HasSubstr("session"));
  wire::ToHost restart;
  restart.mutable_restart_desktop()->set_request_id(random_uuid());
  restart.mutable_restart_desktop()->set_desktop_id(id_);
  restart.mutable_restart_desktop()->set_epoch(1);
  broker_.send(restart);
  EXPECT_THAT(read_answer_with("picture", client->get()), HasSubstr("picture 0"));
}

TEST_F(ContainerDesktop, OutlivesTheAgentAndIsTakenUpAgain) {
  run_desktop();
  const auto before = hypervisor_.spec(desktop_);
  stop();
  broker_.clear();
  start();
  port_->accept();
  ASSERT_TRUE(port_->hears("hello 1\n"));
  port_->say("hello 1 ready\n");
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(hypervisor_.starts(desktop_), 1);
  EXPECT_TRUE(open_display());
}

TEST_F(ContainerDesktop, IsStoppedAndStartedWithWhatItHas) {
  run_desktop();
  const fs::path letter = image_.dir() / ("disks/" + id_ + "/upper/home/user/letter");
  std::ofstream(letter) << "dear";
  desire(wire::DesiredDesktop::OFF);
  ASSERT_TRUE(port_->hears("shutdown\n"));
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_STOPPED)) << "it does not obey, and is ended";
  desire(wire::DesiredDesktop::ON);
  port_->accept();
  ASSERT_TRUE(port_->hears("hello 1\n"));
  port_->say("hello 1 ready\n");
  ASSERT_TRUE(broker_.wait_state(wire::DESKTOP_STATE_RUNNING));
  EXPECT_TRUE(fs::exists(letter));
}

TEST_F(ContainerDesktop, DeletedIsGone) {
  run_desktop();
  desire(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(broker_.wait([](const wire::FromHost& m) { return m.has_actual() && m.actual().desktops_size() == 0; }));
  EXPECT_FALSE(fs::exists(image_.dir() / ("disks/" + id_)));
  EXPECT_FALSE(fs::exists(image_.dir() / ("disks/" + id_ + ".base")));
  EXPECT_FALSE(hypervisor_.spec(desktop_));
  EXPECT_TRUE(fs::exists(image_.dir() / "bases" / digest_)) << "the next one starts from it at once";
}

TEST_F(ContainerDesktop, WhatItCouldNotDoIsSaid) {
  run_desktop();
  std::ofstream(image_.dir() / ("disks/" + id_ + "/boot.log")) << "mount overlay at /.tobari/root: Invalid argument\n";
  const int deaths = RestartBudget::Limits().deaths;
  for (int death = 1; death <= deaths; ++death) {
    ASSERT_TRUE(eventually([&] { return hypervisor_.starts(desktop_) >= death; }));
    hypervisor_.crash(desktop_);
  }
  EXPECT_THAT(failure(), HasSubstr("its container ended by itself: mount overlay at /.tobari/root: Invalid argument"));
}

TEST_F(ContainerDesktop, AHostWhoseLibvirtCannotIsFailedWithTheReason) {
  hypervisor_.refuse_containers(
      Error{Errc::kInvalidArgument, "this host cannot run containers: libvirt cannot make a control group", "", 0});
  desire(wire::DesiredDesktop::ON);
  EXPECT_THAT(failure(), HasSubstr("cannot make a control group"));
  EXPECT_EQ(hypervisor_.starts(desktop_), 0);
  hypervisor_.refuse_containers({});
  desire(wire::DesiredDesktop::ON, "light", wire::DesiredDesktop::CONTAINER, 2);
  port_->accept();
}

TEST_F(ContainerDesktop, TheImageMustBeForWhatTheDesktopIs) {
  desire(wire::DesiredDesktop::ON, "test");
  EXPECT_THAT(failure(), HasSubstr("\"test\" is not for containers"));
}

TEST_F(ContainerDesktop, AMachineDoesNotStartFromASystemForContainers) {
  desire(wire::DesiredDesktop::ON, "light", wire::DesiredDesktop::VM);
  EXPECT_THAT(failure(), HasSubstr("\"light\" is not for virtual machines"));
}

TEST_F(ContainerDesktop, ADamagedArchiveIsNotUsed) {
  std::ofstream(image_.images() / "light/root.tar", std::ios::app) << "x";
  desire(wire::DesiredDesktop::ON);
  EXPECT_THAT(failure(), HasSubstr("damaged or was changed"));
  EXPECT_TRUE(fs::is_empty(image_.dir() / "bases"));
}

TEST_F(NoContainers, AreSaidInOneLine) {
  desire(wire::DesiredDesktop::ON);
  EXPECT_THAT(failure(), HasSubstr("this host runs no containers"));
  EXPECT_TRUE(fs::is_empty(image_.dir() / "bases"));
  EXPECT_EQ(hypervisor_.starts(desktop_), 0);
}

// So that the broker places none here.
TEST_F(NoContainers, TheirImagesAreNotOffered) {
  stop();
  broker_.clear();
  start();
  const auto hello = broker_.wait([](const wire::FromHost& m) { return m.has_hello(); });
  ASSERT_TRUE(hello);
  ASSERT_EQ(hello->hello().images_size(), 1);
  EXPECT_EQ(hello->hello().images(0).name(), "test");
}

TEST_F(ContainerDesktop, ItsImagesAreOfferedAsSuch) {
  stop();
  broker_.clear();
  start();
  const auto hello = broker_.wait([](const wire::FromHost& m) { return m.has_hello(); });
  ASSERT_TRUE(hello);
  ASSERT_EQ(hello->hello().images_size(), 2);
  for (const wire::Image& image : hello->hello().images()) {
    EXPECT_EQ(image.machine(), image.name() == "light" ? wire::DesiredDesktop::CONTAINER : wire::DesiredDesktop::VM);
  }
}

}  // namespace
}  // namespace tobari::vmhost
