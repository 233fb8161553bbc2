// SPDX-License-Identifier: GPL-3.0-or-later
// The watchdog of simulated hosts: what an agent that is dead left running under a lease that is over stands still.
#include <chrono>
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>

#include "../../integration/vmhost/processes.h"
#include "../../unit/vmhost/temp_dir.h"
#include "fence/lease_file.h"
#include "logged_hypervisor.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

class SimulatedFenceTest : public ::testing::Test {
 protected:
  SimulatedFenceTest() {
    dir_.write("host-1/identity/node.crt", "enrolled");
    auto made = LoggedHypervisor::open({.log = dir_ / "host-1/machines"});
    EXPECT_TRUE(made) << describe(made.error());
    agent_ = *std::move(made);
    for (const DesktopId& id : {floating_, dedicated_}) {
      DomainSpec spec;
      spec.id = id;
      EXPECT_TRUE(agent_->define(spec));
      EXPECT_TRUE(agent_->start(id));
    }
  }
  void lease_until(LeaseNote::Time when) {
    const LeaseNote note{.boot = boot_id().value(), .until = when, .always = {dedicated_}, .leased = {floating_}};
    EXPECT_TRUE(write_lease_note(dir_ / "host-1/lease", note));
  }
  [[nodiscard]] bool paused(const DesktopId& id) const {
    const auto listed = agent_->list();
    for (const DomainInfo& each : listed.value_or(std::vector<DomainInfo>())) {
      if (each.id == id) return each.paused;
    }
    return false;
  }
  void start_fence() { fence_.start({TOBARI_SIMULATED_FENCE, dir_.path().string()}); }

  const TempDir dir_;
  const DesktopId floating_ = DesktopId::random();
  const DesktopId dedicated_ = DesktopId::random();
  std::unique_ptr<LoggedHypervisor> agent_;
  Process fence_;
};

TEST_F(SimulatedFenceTest, PausesWhatRunsWithoutALease) {
  lease_until(boot_time() - 60s);
  start_fence();
  EXPECT_TRUE(eventually([this] { return paused(floating_); }));
  EXPECT_FALSE(paused(dedicated_)) << "nobody else can have it";
  EXPECT_EQ(fence_.end(SIGTERM), 0);
  EXPECT_TRUE(paused(floating_)) << "it is the agent's to resume";
}

TEST_F(SimulatedFenceTest, WhatHasALeaseRuns) {
  lease_until(boot_time() - 2s);  // of the agent's own time to pause it, a second is left
  start_fence();
  EXPECT_FALSE(paused(floating_));
  EXPECT_TRUE(eventually([this] { return paused(floating_); }));
}

TEST_F(SimulatedFenceTest, ThereIsOneOfThem) {
  lease_until(boot_time() + 60s);
  start_fence();
  ASSERT_TRUE(eventually([this] { return has_watchdog(dir_ / "host-1/lease"); }));
  Process second;
  second.start({TOBARI_SIMULATED_FENCE, dir_.path().string()});
  EXPECT_EQ(second.end(0), 1) << "it ends by itself";
}

}  // namespace
}  // namespace tobari::vmhost
