// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of a running guest on the real host. The cases share one template and are in order: later ones spoil it.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "world.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Clones : public ::testing::Test {
 protected:
  void SetUp() override {
    world_ = World::get();
    if (world_ == nullptr) GTEST_SKIP() << "not alone in the platform root, or without a guest image";
    if (world_->actual_template("t1").id().empty()) world_->want_template("t1", 2);
    ASSERT_TRUE(world_->template_is("t1", wire::ActualTemplate::READY)) << world_->actual_template("t1").detail();
  }
  std::string copy() {
    std::string id = world_->order_desktop();
    EXPECT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING)) << world_->actual(id).detail();
    EXPECT_EQ(world_->vm(id).size(), 1U);
    return id;
  }
  void remove(const std::string& id) {
    world_->power(id, wire::DesiredDesktop::DELETED);
    EXPECT_TRUE(eventually([&] { return world_->vm(id).empty() && !fs::exists(world_->disk(id)); }));
  }
  // The test is the name space's first process, whose children are not only its own.
  World* world_ = nullptr;
};

TEST_F(Clones, TwoAtOnceAreTwoMachinesWithAPicture) {
  const auto made = world_->generations();
  const std::string first = world_->order_desktop();
  const std::string second = world_->order_desktop();
  for (const std::string& id : {first, second}) {
    ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
    ASSERT_EQ(world_->vm(id).size(), 1U);
    EXPECT_TRUE(World::is_copy(world_->vm(id)[0]));
    const auto session = world_->open(id);
    ASSERT_TRUE(session);
    EXPECT_TRUE(world_->picture(*session)) << "a real RDP client sees it";
  }
  for (const std::string& id : {first, second}) {
    std::optional<Lease> lease;
    EXPECT_TRUE(eventually([&] { return (lease = world_->lease_of(id)).has_value(); })) << "with its own MAC";
    EXPECT_EQ(lease.value_or(Lease()).host_name, world_->name_of(id));
  }
  EXPECT_TRUE(eventually([&] { return world_->actual(first).private_memory_mib() > 0; }));
  EXPECT_EQ(world_->generations(), made) << "the template was made once";
  EXPECT_TRUE(world_->template_vms().empty());
  remove(first);
  remove(second);
}

// QEMU runs as a user of its own: it may read what it is a copy of, and not change it.
TEST_F(Clones, TemplateIsNobodysToWrite) {
  for (const char* name : {"ram", "state", "disk.qcow2"}) {
    struct stat info{};
    ASSERT_EQ(::stat((world_->generations().at(0) / name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U) << name;
    EXPECT_EQ(info.st_mode & 0222U, 0U) << name;
  }
}

TEST_F(Clones, OutlivesAgentAndLibvirt) {
  const std::string id = copy();
  const auto vm = world_->vm(id);
  const auto made = world_->generations();
  world_->kill_host();
  ASSERT_EQ(shell("pid=$(cat /run/libvirtd.tobari.pid) && kill -KILL $pid && timeout 20 tail --pid=$pid -f /dev/null"),
            0);
  world_->start_libvirt();
  ASSERT_TRUE(world_->start_host());
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
  const auto session = world_->open(id);
  ASSERT_TRUE(session);
  EXPECT_TRUE(world_->picture(*session));
  EXPECT_EQ(world_->vm(id), vm);
  EXPECT_TRUE(world_->template_is("t1", wire::ActualTemplate::READY));
  EXPECT_EQ(world_->generations(), made) << "found again, not made again";
  remove(id);
}

TEST_F(Clones, FullDiskLeavesNothingBehind) {
  const auto filler = world_->disks() / "filler";
  EXPECT_NE(shell("dd if=/dev/zero of=" + filler.string() + " bs=64k 2>/dev/null"), 0) << "until it is full";
  const std::string id = world_->order_desktop();
  EXPECT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_FAILED));
  EXPECT_THAT(world_->actual(id).detail(), HasSubstr("is full"));
  EXPECT_TRUE(world_->vm(id).empty());
  for (const auto& each : fs::directory_iterator(world_->disks())) {
    EXPECT_THAT(each.path().filename().string(), ::testing::Not(HasSubstr(id)));
  }
  fs::remove(filler);
  world_->restart_desktop(id);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
  EXPECT_TRUE(World::is_copy(world_->vm(id).at(0)));
  remove(id);
}

TEST_F(Clones, TemplateWhoseVmIsKilledIsMadeAgainOrNotAtAll) {
  const auto before = world_->generations();
  world_->want_template("t2", 1);
  std::vector<pid_t> first;
  ASSERT_TRUE(eventually([&] { return (first = world_->template_vms()).size() == 1; }));
  ASSERT_EQ(::kill(first[0], SIGKILL), 0);
  std::vector<pid_t> second;
  ASSERT_TRUE(eventually([&] { return (second = world_->template_vms()).size() == 1 && second != first; }));
  EXPECT_EQ(world_->generations().size(), before.size() + 1) << "nothing of the first is left";
  world_->unwant_template("t2");
  EXPECT_TRUE(eventually([&] { return world_->template_vms().empty() && world_->generations() == before; }));
}

TEST_F(Clones, TemplateThatWasChangedOnDiskIsRefused) {
  std::ofstream(world_->generations().at(0) / "state", std::ios::app) << "x";
  const std::string id = world_->order_desktop();
  ASSERT_TRUE(eventually([&] { return world_->vm(id).size() == 1; }));
  EXPECT_FALSE(World::is_copy(world_->vm(id)[0])) << "it boots";
  EXPECT_TRUE(world_->template_is("t1", wire::ActualTemplate::PREPARING)) << "another one is made";
  world_->unwant_template("t1");
  remove(id);
  EXPECT_TRUE(eventually([&] { return world_->generations().empty(); }));
}

}  // namespace
}  // namespace tobari::vmhost
