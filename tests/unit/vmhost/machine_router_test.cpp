// SPDX-License-Identifier: GPL-3.0-or-later
// Machines and containers behind one Hypervisor; what each does alone is the contract's (tests/contract/hypervisor).
#include <tobari/vmhost/machine_router.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/vmhost/fake_hypervisor.h>

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;

DomainSpec spec_of(const DesktopId& id, MachineKind kind) {
  DomainSpec spec;
  spec.id = id;
  spec.machine = kind;
  return spec;
}

class MachineRouterTest : public ::testing::Test {
 protected:
  MachineRouterTest() {
    auto machines = std::make_unique<FakeHypervisor>();
    auto containers = std::make_unique<FakeHypervisor>();
    machines_ = machines.get();
    containers_ = containers.get();
    router_.emplace(std::move(machines), std::move(containers));
  }
  void run(const DesktopId& id, MachineKind kind) {
    ASSERT_TRUE(router_->define(spec_of(id, kind)));
    ASSERT_TRUE(router_->start(id));
  }
  // As after a start of the program: nothing is known, and both have what they had.
  std::vector<DesktopId> listed() {
    std::vector<DesktopId> ids;
    for (const DomainInfo& each : router_->list().value_or(std::vector<DomainInfo>())) ids.push_back(each.id);
    return ids;
  }

  FakeHypervisor* machines_ = nullptr;
  FakeHypervisor* containers_ = nullptr;
  std::optional<MachineRouter> router_;
  const DesktopId vm_ = DesktopId::random();
  const DesktopId container_ = DesktopId::random();
};

TEST_F(MachineRouterTest, EachGoesWhereItBelongs) {
  run(vm_, MachineKind::kVm);
  run(container_, MachineKind::kContainer);
  EXPECT_EQ(machines_->starts(vm_), 1);
  EXPECT_EQ(machines_->starts(container_), 0);
  EXPECT_EQ(containers_->starts(container_), 1);
  EXPECT_THAT(listed(), ::testing::UnorderedElementsAre(vm_, container_));
  EXPECT_TRUE(router_->display(vm_, std::nullopt));
  EXPECT_TRUE(router_->display(container_, std::nullopt));
  ASSERT_TRUE(router_->stop(container_, StopMode::kNow));
  ASSERT_TRUE(router_->undefine(container_));
  EXPECT_THAT(listed(), ::testing::ElementsAre(vm_));
}

TEST_F(MachineRouterTest, WhatRanBeforeIsFoundAgain) {
  ASSERT_TRUE(containers_->define(spec_of(container_, MachineKind::kContainer)));
  ASSERT_TRUE(containers_->start(container_));
  EXPECT_THAT(listed(), ::testing::ElementsAre(container_));
  EXPECT_TRUE(router_->display(container_, std::nullopt));
  ASSERT_TRUE(router_->stop(container_, StopMode::kNow));
  EXPECT_FALSE(containers_->list()->front().running);
}

// Before the first list nobody knows whose it is; "stopped" must not be said of what runs.
TEST_F(MachineRouterTest, WhatIsUnknownIsEndedWhereverItIs) {
  ASSERT_TRUE(containers_->define(spec_of(container_, MachineKind::kContainer)));
  ASSERT_TRUE(containers_->start(container_));
  ASSERT_TRUE(router_->stop(container_, StopMode::kNow));
  EXPECT_FALSE(containers_->list()->front().running);
  ASSERT_TRUE(router_->undefine(container_));
  EXPECT_TRUE(containers_->list()->empty());
  containers_->set_available(false);
  EXPECT_EQ(router_->stop(container_, StopMode::kNow).error().code, Errc::kUnavailable);
}

TEST_F(MachineRouterTest, MachinesGoOnWithoutTheContainersService) {
  run(vm_, MachineKind::kVm);
  run(container_, MachineKind::kContainer);
  ASSERT_EQ(listed().size(), 2U);
  containers_->set_available(false);
  EXPECT_THAT(listed(), ::testing::UnorderedElementsAre(vm_, container_)) << "as it was last known: it lives on";
  EXPECT_TRUE(router_->stop(vm_, StopMode::kNow));
  EXPECT_EQ(router_->start(container_).error().code, Errc::kUnavailable);
  containers_->crash(container_);
  containers_->set_available(true);
  const auto all = router_->list();
  ASSERT_TRUE(all);
  EXPECT_FALSE(std::ranges::find(*all, container_, &DomainInfo::id)->running);
}

TEST_F(MachineRouterTest, WithoutTheMachinesServiceNothingIsKnown) {
  machines_->set_available(false);
  EXPECT_EQ(router_->list().error().code, Errc::kUnavailable);
}

TEST_F(MachineRouterTest, WatchersHearOfBoth) {
  std::vector<DesktopId> heard;
  {
    const auto watch = router_->watch([&heard](const DomainEvent& event) { heard.push_back(event.id); });
    run(vm_, MachineKind::kVm);
    run(container_, MachineKind::kContainer);
  }
  EXPECT_THAT(heard, ::testing::ElementsAre(vm_, container_));
  ASSERT_TRUE(router_->stop(vm_, StopMode::kNow));
  ASSERT_TRUE(router_->stop(container_, StopMode::kNow));
  EXPECT_EQ(heard.size(), 2U);
}

TEST_F(MachineRouterTest, ContainersAreNeverCopies) {
  run(container_, MachineKind::kContainer);
  EXPECT_EQ(router_->freeze(container_, "/tmp/none").error().code, Errc::kInvalidArgument);
  EXPECT_EQ(router_->clone(spec_of(DesktopId::random(), MachineKind::kContainer), {}).error().code,
            Errc::kInvalidArgument);
}

TEST_F(MachineRouterTest, AHostThatCannotRunContainersSaysWhy) {
  containers_->refuse_containers(Error{Errc::kInvalidArgument, "no control groups", "", 0});
  ASSERT_TRUE(router_->define(spec_of(container_, MachineKind::kContainer)));
  const auto started = router_->start(container_);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("no control groups"));
  run(vm_, MachineKind::kVm);
}

TEST_F(MachineRouterTest, NetworksAreTheMachines) {
  machines_->add_network("desks", "virbr7");
  EXPECT_EQ(router_->bridge_of("desks").value_or(""), "virbr7");
  EXPECT_EQ(router_->version().value_or(""), "fake 1");
}

}  // namespace
}  // namespace tobari::vmhost
