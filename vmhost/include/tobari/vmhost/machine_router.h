// SPDX-License-Identifier: GPL-3.0-or-later
// One Hypervisor of two: virtual machines are the one's, containers the other's. What belongs where is known by what
// was defined and listed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// Networks, templates and the version are the machines'. While the containers' service is away, or there is none, the
// machines' life goes on, and containers are listed as they were last known: they live on as well.
class MachineRouter final : public Hypervisor {
 public:
  MachineRouter(std::unique_ptr<Hypervisor> machines, std::unique_ptr<Hypervisor> containers);

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

 private:
  [[nodiscard]] std::vector<DomainInfo> listed_containers();
  // Whose it is; both when nobody knows: after a start of this program, before the first list.
  [[nodiscard]] std::vector<Hypervisor*> owners_of(const DesktopId& id);
  [[nodiscard]] Hypervisor& owner_of(const DesktopId& id);
  void note(const DesktopId& id, MachineKind kind);

  const std::unique_ptr<Hypervisor> machines_;
  const std::unique_ptr<Hypervisor> containers_;
  std::mutex mutex_;
  std::map<DesktopId, MachineKind> kinds_;
  std::vector<DomainInfo> last_containers_;
  bool containers_away_ = false;
};

}  // namespace tobari::vmhost
