// SPDX-License-Identifier: GPL-3.0-or-later
// On a folder that is laid out like cgroup v2: which files get which words.
#include "supervisor/resource_groups.h"

#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ResourceGroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(group / "agent");
    write(self, "12:cpu:/elsewhere\n0::/ours\n");
    write(group / "cgroup.controllers", "cpuset cpu io memory pids\n");
    for (const char* file : {"cgroup.procs", "cgroup.subtree_control", "agent/cgroup.procs"}) write(group / file, "");
    lay_out("display-a");
  }
  void lay_out(const char* name) {
    fs::create_directories(group / name);
    for (const char* file : {"memory.max", "memory.oom.group", "cpu.max", "pids.max", "cgroup.procs"}) {
      write(group / name / file, "");
    }
  }
  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }
  static std::string read(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<ResourceGroups> create() const { return ResourceGroups::create({dir.path(), self}); }

  TempDir dir;
  const fs::path self = dir.path() / "self";
  const fs::path group = dir.path() / "ours";
};

TEST_F(ResourceGroupsTest, WeMoveAsideAndDivideOurGroup) {
  ASSERT_TRUE(create().has_value());
  EXPECT_EQ(read(group / "agent/cgroup.procs"), "0");
  EXPECT_EQ(read(group / "cgroup.subtree_control"), "+cpu +memory +pids");
}

TEST_F(ResourceGroupsTest, WeMayBeAsideAlready) {
  write(self, "0::/ours/agent\n");
  ASSERT_TRUE(create().has_value());
  EXPECT_EQ(read(group / "agent/cgroup.procs"), "0");
  EXPECT_EQ(read(group / "cgroup.subtree_control"), "+cpu +memory +pids");
  EXPECT_FALSE(fs::exists(group / "agent/agent"));
}

TEST_F(ResourceGroupsTest, ADisplayGetsItsLimits) {
  const auto groups = create();
  ASSERT_TRUE(groups.has_value());
  const auto processes = groups->open("display-a", {.memory_mib = 2048, .cpu_percent = 150, .processes = 64});
  ASSERT_TRUE(processes.has_value());
  EXPECT_EQ(read(group / "display-a/memory.max"), "2147483648");
  EXPECT_EQ(read(group / "display-a/memory.oom.group"), "1");
  EXPECT_EQ(read(group / "display-a/cpu.max"), "150000 100000");
  EXPECT_EQ(read(group / "display-a/pids.max"), "64");
  ASSERT_EQ(::write(processes->get(), "0", 1), 1);
  EXPECT_EQ(read(group / "display-a/cgroup.procs"), "0");
}

TEST_F(ResourceGroupsTest, WithoutTheControllersThereAreNone) {
  write(group / "cgroup.controllers", "cpu memory\n");
  const auto groups = create();
  ASSERT_FALSE(groups.has_value());
  EXPECT_EQ(groups.error().code, Errc::kUnavailable);
  EXPECT_THAT(groups.error().message, HasSubstr("pids"));
  EXPECT_THAT(groups.error().message, HasSubstr("Delegate=yes"));
}

TEST_F(ResourceGroupsTest, WithoutCgroupV2ThereAreNone) {
  write(self, "4:memory:/a\n");
  EXPECT_EQ(create().error().code, Errc::kUnavailable);
}

TEST_F(ResourceGroupsTest, WhatCannotBeDividedIsLeftAsItWas) {
  fs::remove(group / "cgroup.subtree_control");
  EXPECT_EQ(create().error().code, Errc::kUnavailable);
  EXPECT_EQ(read(group / "cgroup.procs"), "0");  // back again
}

}  // namespace
}  // namespace tobari::vmhost
