// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of every hypervisor, and what this one has beyond it: machines that outlive it.
#include "logged_hypervisor.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "../../contract/hypervisor/hypervisor_contract.h"
#include "../../unit/vmhost/temp_dir.h"

namespace tobari::vmhost {
namespace {

struct Logged {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = true;
  static constexpr bool kCopies = true;
  static constexpr bool kSaves = true;
  static constexpr bool kExtraDisks = true;
  static ExtraDisk extra_disk(const DesktopId& id) {
    return {.file = "/disks/" + id.str(), .serial = "0123456789abcdef"};
  }
  static Result<std::unique_ptr<Hypervisor>> make() {
    const std::filesystem::path log =
        std::filesystem::path(::testing::TempDir()) / ("machines-" + DesktopId::random().str());
    TOBARI_ASSIGN(std::unique_ptr<LoggedHypervisor> made, LoggedHypervisor::open({.log = log}));
    return std::unique_ptr<Hypervisor>(std::move(made));
  }
  static bool define_network(Hypervisor& hypervisor, const std::string& name, const std::string& bridge) {
    static_cast<LoggedHypervisor&>(hypervisor).fake().add_network(name, bridge);
    return true;
  }
  static DomainSpec spec(const DesktopId& id) {
    DomainSpec spec;
    spec.id = id;
    return spec;
  }
  static DomainSpec spec(const DesktopId& id, const DomainSpec&) { return spec(id); }
  static DomainSpec template_spec(const DesktopId& id) {
    DomainSpec made = spec(id);
    const std::filesystem::path dir = std::filesystem::path(::testing::TempDir()) / ("logged-template-" + id.str());
    std::filesystem::create_directories(dir);
    made.shared_ram = dir / "ram";
    for (const char* file : {"ram", "state"}) std::ofstream(dir / file).flush();
    return made;
  }
  static void seal(const DomainSpec&) {}
};
INSTANTIATE_TYPED_TEST_SUITE_P(Logged, HypervisorContract, Logged);

class LoggedHypervisorTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<LoggedHypervisor> open() const {
    auto made = LoggedHypervisor::open({.log = dir_ / "machines"});
    EXPECT_TRUE(made) << describe(made.error());
    return *std::move(made);
  }
  static DomainInfo info(LoggedHypervisor& hypervisor, const DesktopId& id) {
    const auto listed = hypervisor.list();
    for (const DomainInfo& each : listed.value_or(std::vector<DomainInfo>())) {
      if (each.id == id) return each;
    }
    return {};
  }
  static bool runs(LoggedHypervisor& hypervisor, const DesktopId& id) { return info(hypervisor, id).running; }
  [[nodiscard]] std::size_t lines() const {
    std::size_t count = 0;
    std::ifstream in(dir_ / "machines");
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }

  const TempDir dir_;
  const DesktopId id_ = DesktopId::random();
};

TEST_F(LoggedHypervisorTest, MachinesOutliveIt) {
  {
    const auto first = open();
    ASSERT_TRUE(first->define(Logged::spec(id_)));
    ASSERT_TRUE(first->start(id_));
  }
  const auto second = open();
  EXPECT_TRUE(runs(*second, id_));
  EXPECT_TRUE(second->display(id_, std::nullopt));
  ASSERT_TRUE(second->start(id_));
  EXPECT_EQ(lines(), 1U) << "it was not started again";
  ASSERT_TRUE(second->stop(id_, StopMode::kNow));
  EXPECT_FALSE(runs(*open(), id_));
}

TEST_F(LoggedHypervisorTest, WhatSomebodyElseStopsIsHeardOf) {
  const auto agent = open();
  const auto other = open();
  EventLog events;
  const auto watch = agent->watch([&events](const DomainEvent& event) { events.add(event); });
  ASSERT_TRUE(agent->define(Logged::spec(id_)));
  ASSERT_TRUE(agent->start(id_));
  ASSERT_TRUE(other->stop(id_, StopMode::kNow));
  EXPECT_FALSE(runs(*agent, id_));
  EXPECT_TRUE(events.wait_for(DomainEvent::Kind::kStopped, id_));
  ASSERT_TRUE(agent->start(id_)) << "it is defined still";
  EXPECT_TRUE(runs(*other, id_));
}

TEST_F(LoggedHypervisorTest, PausedByOneIsPausedForAll) {
  const auto agent = open();
  const auto watchdog = open();
  ASSERT_TRUE(agent->define(Logged::spec(id_)));
  ASSERT_TRUE(agent->start(id_));
  ASSERT_TRUE(watchdog->suspend(id_));
  ASSERT_TRUE(watchdog->suspend(id_));
  EXPECT_TRUE(info(*agent, id_).paused);
  EXPECT_TRUE(runs(*agent, id_)) << "what stands still is there";
  EXPECT_TRUE(info(*open(), id_).paused) << "in the next life too";
  ASSERT_TRUE(agent->resume(id_));
  EXPECT_FALSE(info(*watchdog, id_).paused);
  ASSERT_TRUE(watchdog->suspend(id_));
  ASSERT_TRUE(agent->stop(id_, StopMode::kNow));
  ASSERT_TRUE(agent->start(id_));
  EXPECT_FALSE(info(*agent, id_).paused) << "a machine that is started runs";
}

TEST_F(LoggedHypervisorTest, WhatDoesNotRunIsNotSuspended) {
  const auto agent = open();
  EXPECT_EQ(agent->suspend(id_).error().code, Errc::kNotFound);
  EXPECT_EQ(agent->resume(id_).error().code, Errc::kNotFound);
  EXPECT_EQ(lines(), 0U);
}

TEST_F(LoggedHypervisorTest, WhatWasSavedIsSavedInTheNextLife) {
  {
    const auto first = open();
    ASSERT_TRUE(first->define(Logged::spec(id_)));
    ASSERT_TRUE(first->start(id_));
    ASSERT_TRUE(first->save(id_));
  }
  const auto second = open();
  EXPECT_TRUE(info(*second, id_).saved);
  EXPECT_FALSE(runs(*second, id_));
  ASSERT_TRUE(second->start(id_));
  EXPECT_FALSE(info(*open(), id_).saved);
  ASSERT_TRUE(second->save(id_));
  ASSERT_TRUE(second->undefine(id_));
  EXPECT_FALSE(info(*open(), id_).saved) << "it went with the machine";
}

TEST_F(LoggedHypervisorTest, StartingTakesItsTime) {
  auto slow = LoggedHypervisor::open({.log = dir_ / "machines", .start_takes = std::chrono::milliseconds(50)});
  ASSERT_TRUE(slow);
  ASSERT_TRUE((*slow)->define(Logged::spec(id_)));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE((*slow)->start(id_));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(50));
}

}  // namespace
}  // namespace tobari::vmhost
