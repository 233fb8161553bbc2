// SPDX-License-Identifier: GPL-3.0-or-later
// A Hypervisor in memory: VMs are entries of a table, a display is one end of a socket pair. Holds the same contract as
// the real one (tests/contract/hypervisor); beyond it, tests can break things.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

class EventHub;

class FakeHypervisor : public Hypervisor {
 public:
  FakeHypervisor();
  ~FakeHypervisor() override;

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

  // ---- for tests
  void crash(const DesktopId& id);     // the VM dies by itself
  void set_available(bool available);  // the service goes away, VMs keep running; and comes back
  void fail_next_start(Error error);   // once
  void set_version(const std::string& version);
  void fail_next_freeze(Error error);
  void fail_next_clone(Error error);
  void fail_next_save(Error error);
  void add_network(const std::string& name, const std::string& bridge);
  void refuse_containers(std::optional<Error> error);   // a host that cannot run them: every start fails so
  void ignore_power_button(bool ignore);                // a guest that does not react to kAsk
  [[nodiscard]] int starts(const DesktopId& id) const;  // how often it was really started
  [[nodiscard]] int clones(const DesktopId& id) const;  // of those, how often as a copy of a template
  [[nodiscard]] bool has_card(const DesktopId& id) const;
  [[nodiscard]] std::set<std::string> disks(const DesktopId& id) const;  // files of those that were attached
  [[nodiscard]] std::vector<DesktopId> templates() const;                // those that are defined
  [[nodiscard]] std::optional<DomainSpec> spec(const DesktopId& id) const;

 private:
  struct Domain;
  [[nodiscard]] Result<void> check_available() const;
  [[nodiscard]] Result<Domain*> running(const DesktopId& id);
  [[nodiscard]] Result<void> check_network(const std::optional<NetworkCard>& card) const;
  [[nodiscard]] Result<void> check_container(const DomainSpec& spec) const;

  mutable std::mutex mutex_;
  std::map<DesktopId, Domain> domains_;
  std::map<std::string, std::string> networks_;  // name, bridge
  bool available_ = true;
  bool ignore_power_button_ = false;
  std::string version_ = "fake 1";
  std::optional<Error> next_start_error_;
  std::optional<Error> next_freeze_error_;
  std::optional<Error> next_clone_error_;
  std::optional<Error> next_save_error_;
  std::optional<Error> no_containers_;
  const std::shared_ptr<EventHub> hub_;
};

}  // namespace tobari::vmhost
