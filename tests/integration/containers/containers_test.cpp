// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops that are containers on the real host: libvirt's LXC driver, the image, a real RDP client.
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../clones/world.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr unsigned long kFirstContainerUser = 2'100'000'000;

// A line of /proc/<pid>/status without its name; empty: there is none, or no such process.
std::string status_of(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
  }
  return {};
}

unsigned long user_of(pid_t pid) { return std::strtoul(status_of(pid, "Uid").c_str(), nullptr, 10); }

std::string link_of(const std::string& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

class Containers : public ::testing::Test {
 protected:
  void SetUp() override {
    world_ = World::of_containers();
    if (world_ == nullptr) GTEST_SKIP() << "not alone in the platform root, or without an image for containers";
  }
  // Skips where the kernel or its control groups do not allow it: the host's reason says so.
  std::string running() {
    std::string id = world_->order_desktop();
    EXPECT_TRUE(eventually(
        [&] {
          const auto state = world_->actual(id).state();
          return state == wire::DESKTOP_STATE_RUNNING || state == wire::DESKTOP_STATE_FAILED;
        },
        std::chrono::seconds(40)))
        << world_->actual(id).detail();
    return id;
  }
  void remove(const std::string& id) {
    world_->power(id, wire::DesiredDesktop::DELETED);
    EXPECT_TRUE(eventually([&] { return world_->actual(id).desktop_id().empty(); }));
    EXPECT_TRUE(world_->container(id).empty());
    EXPECT_FALSE(fs::exists(world_->disks() / id));
  }
  World* world_ = nullptr;
};

// Runs, or the host's kernel or control groups do not allow it, which its reason says.
#define TOBARI_NEED_RUNNING(id)                                                         \
  if (world_->actual(id).detail().find("cannot run containers") != std::string::npos) { \
    GTEST_SKIP() << world_->actual(id).detail();                                        \
  }                                                                                     \
  ASSERT_EQ(world_->actual(id).state(), wire::DESKTOP_STATE_RUNNING) << world_->actual(id).detail()

TEST_F(Containers, TwoAreTwoDesktopsWithAPicture) {
  const std::string first = running();
  TOBARI_NEED_RUNNING(first);
  const std::string second = running();
  TOBARI_NEED_RUNNING(second);
  for (const std::string& id : {first, second}) {
    const auto session = world_->open(id);
    ASSERT_TRUE(session);
    EXPECT_TRUE(world_->picture(*session)) << "a real RDP client sees it";
  }
  for (const std::string& id : {first, second}) {
    std::optional<Lease> lease;
    EXPECT_TRUE(eventually([&] { return (lease = world_->lease_of(id)).has_value(); })) << "with its own MAC";
    EXPECT_EQ(lease.value_or(Lease()).host_name, world_->name_of(id));
  }
  remove(first);
  remove(second);
}

// The screen becomes what the client asks for, and back.
TEST_F(Containers, TheScreenFollowsTheClient) {
  const std::string id = running();
  TOBARI_NEED_RUNNING(id);
  for (const auto& [width, height] : {std::pair(1600, 900), std::pair(2560, 1440), std::pair(1024, 768)}) {
    const auto session = world_->open(id);
    ASSERT_TRUE(session);
    EXPECT_TRUE(world_->picture(*session, width, height)) << width << "x" << height;
  }
  remove(id);
}

// Nothing in there is anybody outside: users, processes, network, host name, and what its programs may ask the kernel.
TEST_F(Containers, IsAWorldOfItsOwn) {
  const std::string first = running();
  TOBARI_NEED_RUNNING(first);
  const std::string second = running();
  TOBARI_NEED_RUNNING(second);
  std::set<unsigned long> roots;
  for (const std::string& id : {first, second}) {
    const auto processes = world_->container(id);
    ASSERT_GE(processes.size(), 4U) << "first program, agent, X server, window manager";
    roots.insert(user_of(processes.front()));
    bool seen_x = false;
    for (const pid_t pid : processes) {
      const unsigned long user = user_of(pid);
      if (user == 0 && status_of(pid, "Name").empty()) continue;  // it has just ended
      EXPECT_GE(user, kFirstContainerUser) << status_of(pid, "Name");
      for (const char* space : {"net", "pid", "mnt", "uts", "ipc", "user"}) {
        EXPECT_NE(link_of("/proc/" + std::to_string(pid) + "/ns/" + space),
                  link_of(std::string("/proc/self/ns/") + space))
            << space;
      }
      if (status_of(pid, "Name").find("Xvfb") == std::string::npos) continue;
      seen_x = true;
      EXPECT_EQ(user, user_of(processes.front()) + 1000) << "not as root, not even its own";
      EXPECT_THAT(status_of(pid, "NoNewPrivs"), HasSubstr("1"));
      EXPECT_THAT(status_of(pid, "Seccomp"), HasSubstr("2"));
      EXPECT_THAT(status_of(pid, "CapEff"), HasSubstr("0000000000000000"));
      EXPECT_THAT(status_of(pid, "CapBnd"), HasSubstr("0000000000000000"));
    }
    EXPECT_TRUE(seen_x);
  }
  EXPECT_EQ(roots.size(), 2U) << "and not each other";
  remove(first);
  remove(second);
}

TEST_F(Containers, OutlivesAgentAndLibvirt) {
  const std::string id = running();
  TOBARI_NEED_RUNNING(id);
  const pid_t before = world_->container(id).at(0);
  world_->kill_host();
  ASSERT_EQ(shell("pid=$(pidof libvirtd) && kill -KILL $pid && timeout 20 tail --pid=$pid -f /dev/null"), 0);
  world_->start_libvirt();
  ASSERT_TRUE(world_->start_host());
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
  EXPECT_EQ(world_->container(id).at(0), before);
  const auto session = world_->open(id);
  ASSERT_TRUE(session);
  EXPECT_TRUE(world_->picture(*session));
  remove(id);
}

TEST_F(Containers, KeepsWhatItsUserWroteWhenItIsSwitchedOffAndOn) {
  const std::string id = running();
  TOBARI_NEED_RUNNING(id);
  const fs::path letter = world_->disks() / id / "upper/home/user/letter";
  ASSERT_EQ(
      shell(
          "nsenter -t " + std::to_string(world_->container(id).at(0)) +
          " --mount --user --root --wd -S 1000 -G 1000 sh -c 'echo dear >/home/user/letter; ! echo x >/usr/bin/mine'"),
      0);
  world_->power(id, wire::DesiredDesktop::OFF);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_STOPPED));
  EXPECT_TRUE(fs::exists(letter));
  world_->power(id, wire::DesiredDesktop::ON);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING)) << world_->actual(id).detail();
  const auto session = world_->open(id);
  ASSERT_TRUE(session);
  EXPECT_TRUE(world_->picture(*session));
  EXPECT_TRUE(fs::exists(letter));
  remove(id);
}

// The first program killed: the whole container ends, and comes again.
TEST_F(Containers, WhatDiesIsStartedAgain) {
  const std::string id = running();
  TOBARI_NEED_RUNNING(id);
  const pid_t before = world_->container(id).at(0);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(eventually([&] {
    const auto now = world_->container(id);
    return !now.empty() && now.front() != before && world_->actual(id).state() == wire::DESKTOP_STATE_RUNNING;
  }));
  const auto session = world_->open(id);
  ASSERT_TRUE(session);
  EXPECT_TRUE(world_->picture(*session));
  remove(id);
}

TEST_F(Containers, TheSystemIsNobodysToChange) {
  const std::string id = running();
  TOBARI_NEED_RUNNING(id);
  for (const auto& base : fs::directory_iterator(world_->bases())) {
    struct stat info{};
    ASSERT_EQ(::stat((base.path() / "usr/bin/bash").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_EQ(info.st_mode & 07022U, 0U);
  }
  remove(id);
}

}  // namespace
}  // namespace tobari::vmhost
