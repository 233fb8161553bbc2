// SPDX-License-Identifier: GPL-3.0-or-later
// The watchdog over a FakeHypervisor, with processes that are played, and over real processes.
#include "fence/fence.h"

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <spawn.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <tobari/vmhost/domain_xml.h>
#include <tobari/vmhost/fake_hypervisor.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

bool soon(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// Hangs or refuses to suspend when it is told to.
class UnwillingHypervisor final : public FakeHypervisor {
 public:
  Result<void> suspend(const DesktopId& id) override {
    while (hangs) std::this_thread::sleep_for(5ms);
    if (refuses) return fail(Errc::kIo, "it cannot be suspended");
    return FakeHypervisor::suspend(id);
  }
  std::atomic<bool> hangs{false};
  std::atomic<bool> refuses{false};
};

class PlayedProcesses final : public MachineProcesses {
 public:
  std::vector<MachineProcess> list() override {
    const std::scoped_lock lock(mutex_);
    return processes_;
  }
  Result<void> freeze(const MachineProcess& process) override { return set(process.desktop, true); }
  Result<void> thaw(const MachineProcess& process) override { return set(process.desktop, false); }
  void add(const DesktopId& id) {
    const std::scoped_lock lock(mutex_);
    processes_.push_back({id, static_cast<pid_t>(1000 + processes_.size()), false});
  }
  bool frozen(const DesktopId& id) {
    const std::scoped_lock lock(mutex_);
    for (const MachineProcess& each : processes_) {
      if (each.desktop == id) return each.frozen;
    }
    return false;
  }

 private:
  Result<void> set(const DesktopId& id, bool frozen) {
    const std::scoped_lock lock(mutex_);
    for (MachineProcess& each : processes_) {
      if (each.desktop == id) each.frozen = frozen;
    }
    return {};
  }
  std::mutex mutex_;
  std::vector<MachineProcess> processes_;
};

class FenceTest : public ::testing::Test {
 protected:
  FenceTest() {
    note_.boot = *boot_id();
    for (const DesktopId& id : {kept_, floating_}) add(id);
    note_.always = {kept_};
    note_.leased = {floating_};
  }
  ~FenceTest() override {
    hypervisor_.hangs = false;
    loop_->stop();
    if (thread_.joinable()) thread_.join();
    fence_.reset();
    loop_->clear();
  }
  void add(const DesktopId& id) {
    DomainSpec spec;
    spec.id = id;
    ASSERT_TRUE(hypervisor_.define(spec));
    ASSERT_TRUE(hypervisor_.start(id));
    processes_.add(id);
  }
  void lease_for(std::chrono::milliseconds time) {
    note_.until = boot_time() + time;
    ASSERT_TRUE(write_lease_note(dir_ / "lease", note_));
  }
  void start() {
    fence_ = *Fence::create({*loop_, hypervisor_, &processes_, dir_ / "lease"},
                            {.grace = 50ms, .hypervisor_within = 200ms, .look_every = 20ms, .idle_every = 20ms});
    thread_ = std::jthread([this] { loop_->run(); });
  }
  bool paused(const DesktopId& id) {
    const auto domains = *hypervisor_.list();
    for (const DomainInfo& each : domains) {
      if (each.id == id) return each.running && each.paused;
    }
    return false;
  }
  bool running(const DesktopId& id) {
    const auto domains = *hypervisor_.list();
    for (const DomainInfo& each : domains) {
      if (each.id == id) return each.running;
    }
    return false;
  }

  const TempDir dir_;
  UnwillingHypervisor hypervisor_;
  PlayedProcesses processes_;
  LeaseNote note_;
  const DesktopId kept_ = DesktopId::random();
  const DesktopId floating_ = DesktopId::random();
  std::unique_ptr<Loop> loop_ = *Loop::create();
  std::unique_ptr<Fence> fence_;
  std::jthread thread_;
};

TEST_F(FenceTest, PausesWhatMayRunElsewhereWhenNobodyElseDoes) {
  lease_for(300ms);
  start();
  EXPECT_TRUE(soon([this] { return paused(floating_); }));
  EXPECT_GE(boot_time(), note_.until + 50ms);
  EXPECT_FALSE(paused(kept_)) << "nobody can have that elsewhere";
  EXPECT_FALSE(processes_.frozen(floating_)) << "the hypervisor has done it";
}

TEST_F(FenceTest, AnAgentThatGoesOnIsNotDisturbed) {
  lease_for(1s);
  start();
  for (int i = 0; i < 15; ++i) {
    std::this_thread::sleep_for(100ms);
    lease_for(1s);
  }
  EXPECT_FALSE(paused(floating_));
}

TEST_F(FenceTest, WhatTheAgentDoesNotNameIsPausedToo) {
  const DesktopId stranger = DesktopId::random();
  add(stranger);
  lease_for(0ms);
  start();
  EXPECT_TRUE(soon([&] { return paused(stranger); }));
}

TEST_F(FenceTest, WhatIsStartedAfterwardsIsPausedToo) {
  lease_for(0ms);
  start();
  ASSERT_TRUE(soon([this] { return paused(floating_); }));
  ASSERT_TRUE(hypervisor_.resume(floating_));
  EXPECT_TRUE(soon([this] { return paused(floating_); }));
}

TEST_F(FenceTest, WhatThePausedDesktopNeedsToGoOnIsTheAgentsWord) {
  lease_for(0ms);
  start();
  ASSERT_TRUE(soon([this] { return paused(floating_); }));
  lease_for(10s);
  std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(paused(floating_)) << "the agent resumes it, or ends it";
  ASSERT_TRUE(hypervisor_.resume(floating_));
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(paused(floating_));
}

TEST_F(FenceTest, AHypervisorThatHangsIsNotWaitedFor) {
  hypervisor_.hangs = true;
  lease_for(0ms);
  start();
  EXPECT_TRUE(soon([this] { return processes_.frozen(floating_); }));
  EXPECT_FALSE(processes_.frozen(kept_));
  lease_for(10s);
  EXPECT_TRUE(soon([this] { return !processes_.frozen(floating_); })) << "the agent says that it may run";
}

TEST_F(FenceTest, AHypervisorThatIsAwayIsNotWaitedFor) {
  hypervisor_.set_available(false);
  lease_for(0ms);
  start();
  EXPECT_TRUE(soon([this] { return processes_.frozen(floating_); }));
}

TEST_F(FenceTest, WhatTheAgentTakesFromItsListStaysStopped) {
  hypervisor_.hangs = true;
  lease_for(0ms);
  start();
  ASSERT_TRUE(soon([this] { return processes_.frozen(floating_); }));
  note_.leased.clear();
  lease_for(10s);
  std::this_thread::sleep_for(200ms);
  EXPECT_TRUE(processes_.frozen(floating_)) << "it is somebody else's by now, elsewhere";
}

TEST_F(FenceTest, WhatAnEarlierWatchdogHasStoppedGoesOn) {
  ASSERT_TRUE(processes_.freeze({floating_, 1001, false}));
  lease_for(10s);
  start();
  EXPECT_TRUE(soon([this] { return !processes_.frozen(floating_); }));
}

TEST_F(FenceTest, WhatCannotBePausedIsStoppedByItsProcessOrEnded) {
  hypervisor_.refuses = true;
  const DesktopId without = DesktopId::random();  // a process, as of a container
  DomainSpec spec;
  spec.id = without;
  ASSERT_TRUE(hypervisor_.define(spec));
  ASSERT_TRUE(hypervisor_.start(without));
  lease_for(0ms);
  start();
  EXPECT_TRUE(soon([&] { return processes_.frozen(floating_) && !running(without); }));
  EXPECT_TRUE(running(floating_));
  EXPECT_TRUE(running(kept_));
}

TEST_F(FenceTest, WithoutAWordOfAnAgentNothingIsDone) {
  start();
  std::this_thread::sleep_for(150ms);
  EXPECT_FALSE(paused(floating_));
  note_.boot = "another";
  lease_for(0ms);
  std::this_thread::sleep_for(150ms);
  EXPECT_FALSE(paused(floating_)) << "that is of another life of the machine";
}

TEST_F(FenceTest, ADamagedFileLeavesWhatWasKnown) {
  lease_for(200ms);
  start();
  std::this_thread::sleep_for(100ms);
  dir_.write("lease", "tobari lea");
  EXPECT_TRUE(soon([this] { return paused(floating_); }));
  EXPECT_FALSE(paused(kept_));
}

// ---- real processes, by their command lines

class NamedProcess {
 public:
  explicit NamedProcess(const std::string& name) {
    std::string arguments[] = {"sh", "-c", "while :; do sleep 0.1; done", "-name",
                               "guest=" + name + ",debug-threads=on"};
    char* pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                        arguments[3].data(), arguments[4].data(), nullptr};
    if (::posix_spawn(&pid_, "/bin/sh", nullptr, nullptr, pointers, environ) != 0) pid_ = -1;
  }
  ~NamedProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  NamedProcess(const NamedProcess&) = delete;
  NamedProcess& operator=(const NamedProcess&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

TEST(QemuProcesses, AreFoundByTheirNamesStoppedAndLetGo) {
  const auto processes = make_qemu_processes();
  const DesktopId id = DesktopId::random();
  const NamedProcess machine(domain_name(id));
  const NamedProcess a_template(template_name(DesktopId::random()));
  const NamedProcess stranger("somebody-elses");
  const auto ours = [&]() -> std::optional<MachineProcess> {
    for (const MachineProcess& each : processes->list()) {
      EXPECT_NE(each.pid, a_template.pid());
      EXPECT_NE(each.pid, stranger.pid());
      if (each.pid == machine.pid()) return each;
    }
    return std::nullopt;
  };
  ASSERT_TRUE(soon([&] { return ours().has_value(); }));
  EXPECT_EQ(ours()->desktop, id);
  EXPECT_FALSE(ours()->frozen);
  ASSERT_TRUE(processes->freeze(*ours()));
  EXPECT_TRUE(soon([&] { return ours()->frozen; }));
  ASSERT_TRUE(processes->thaw(*ours()));
  EXPECT_TRUE(soon([&] { return !ours()->frozen; }));
}

TEST(QemuProcesses, ANumberThatIsSomebodyElsesIsLeftAlone) {
  const auto processes = make_qemu_processes();
  const NamedProcess machine(domain_name(DesktopId::random()));
  ASSERT_TRUE(soon([&] { return !processes->list().empty(); }));
  EXPECT_EQ(processes->freeze({DesktopId::random(), machine.pid(), false}).error().code, Errc::kNotFound);
  EXPECT_EQ(processes->freeze({DesktopId::random(), (1 << 22) + 1, false}).error().code, Errc::kNotFound)
      << "no such process";
}

}  // namespace
}  // namespace tobari::vmhost
