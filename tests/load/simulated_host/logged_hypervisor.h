// SPDX-License-Identifier: GPL-3.0-or-later
// A FakeHypervisor whose machines outlive it: what runs is in a file (machine_log.h), which the next life of the agent
// and whoever else opens it go on from. Holds the contract of tests/contract/hypervisor.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tobari/vmhost/fake_hypervisor.h>

#include "machine_log.h"

namespace tobari::vmhost {

class LoggedHypervisor final : public Hypervisor {
 public:
  struct Options {
    std::filesystem::path log;
    std::chrono::milliseconds start_takes{0};  // what a copy takes to be started, or a machine to boot
  };

  [[nodiscard]] static Result<std::unique_ptr<LoggedHypervisor>> open(Options options);
  ~LoggedHypervisor() override;

  Result<std::vector<DomainInfo>> list() override;
  Result<void> define(const DomainSpec& spec) override;
  Result<void> undefine(const DesktopId& id) override;
  Result<void> start(const DesktopId& id) override;
  Result<void> stop(const DesktopId& id, StopMode mode) override;
  Result<void> suspend(const DesktopId& id) override;
  Result<void> resume(const DesktopId& id) override;
  Result<void> save(const DesktopId& id) override;
  Result<void> forget_saved(const DesktopId& id) override;
  Result<void> attach_disk(const DesktopId& id, const ExtraDisk& disk) override;
  Result<UniqueFd> display(const DesktopId& id, std::optional<std::uint32_t> user) override;
  Result<void> freeze(const DesktopId& id, const std::string& state_file) override;
  Result<void> clone(const DomainSpec& spec, const TemplateFiles& of) override;
  Result<void> attach_card(const DesktopId& id, const NetworkCard& card) override;
  Result<std::uint64_t> private_memory(const DesktopId& id) override;
  Result<std::string> version() override;
  Result<std::string> bridge_of(const std::string& network) override;
  std::unique_ptr<Subscription> watch(std::function<void(const DomainEvent&)> on_event) override;

  [[nodiscard]] FakeHypervisor& fake() noexcept { return fake_; }

 private:
  struct Machine {
    bool running = false;
    bool paused = false;
    bool saved = false;
    bool is_template = false;
  };

  LoggedHypervisor(Options options, MachineLog log) : options_(std::move(options)), log_(std::move(log)) {}
  // Under the lock, all of these.
  [[nodiscard]] Result<void> follow();
  void apply(const MachineLine& line);
  void have_in_fake(const MachineLine& line);
  [[nodiscard]] Result<void> note(MachineLine::Kind kind, const DesktopId& id);
  [[nodiscard]] Machine state_of(const DesktopId& id) const;
  void wait_for_start();

  const Options options_;
  FakeHypervisor fake_;  // what the log says, with displays, events and definitions
  std::mutex mutex_;
  MachineLog log_;
  std::map<DesktopId, Machine> machines_;  // by the log
  std::mutex ending_mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
};

}  // namespace tobari::vmhost
