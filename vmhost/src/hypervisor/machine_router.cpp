// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/machine_router.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include <tobari/base/log.h>

namespace tobari::vmhost {
namespace {

class TwoSubscriptions final : public Subscription {
 public:
  TwoSubscriptions(std::unique_ptr<Subscription> first, std::unique_ptr<Subscription> second)
      : first_(std::move(first)), second_(std::move(second)) {}

 private:
  std::unique_ptr<Subscription> first_;
  std::unique_ptr<Subscription> second_;
};

// Success is that no owner has it: of two that were only guessed, one that is not there has nothing.
template <class Call>
Result<void> each_owner(const std::vector<Hypervisor*>& owners, const Call& call) {
  for (Hypervisor* const owner : owners) {
    auto done = call(*owner);
    if (!done && (owners.size() == 1 || done.error().code != Errc::kNotFound)) return done;
  }
  return {};
}

}  // namespace

MachineRouter::MachineRouter(std::unique_ptr<Hypervisor> machines, std::unique_ptr<Hypervisor> containers)
    : machines_(std::move(machines)), containers_(std::move(containers)) {}

void MachineRouter::note(const DesktopId& id, MachineKind kind) {
  const std::scoped_lock lock(mutex_);
  kinds_[id] = kind;
}

std::vector<Hypervisor*> MachineRouter::owners_of(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  const auto known = kinds_.find(id);
  if (known == kinds_.end()) return {machines_.get(), containers_.get()};
  return {known->second == MachineKind::kContainer ? containers_.get() : machines_.get()};
}

Hypervisor& MachineRouter::owner_of(const DesktopId& id) { return *owners_of(id).front(); }

std::vector<DomainInfo> MachineRouter::listed_containers() {
  const auto list = containers_->list();
  const std::scoped_lock lock(mutex_);
  if (!list && !std::exchange(containers_away_, true)) {
    log::warning("containers are not to be seen", {{"reason", describe(list.error())}});
  }
  if (list) {
    containers_away_ = false;
    last_containers_ = *list;
  }
  return last_containers_;
}

Result<std::vector<DomainInfo>> MachineRouter::list() {
  TOBARI_ASSIGN(std::vector<DomainInfo> all, machines_->list());
  std::vector<DomainInfo> containers = listed_containers();
  {
    const std::scoped_lock lock(mutex_);
    for (const DomainInfo& each : all) kinds_[each.id] = MachineKind::kVm;
    for (const DomainInfo& each : containers) kinds_[each.id] = MachineKind::kContainer;
  }
  std::ranges::move(containers, std::back_inserter(all));
  return all;
}

Result<void> MachineRouter::define(const DomainSpec& spec) {
  note(spec.id, spec.machine);
  return owner_of(spec.id).define(spec);
}

Result<void> MachineRouter::undefine(const DesktopId& id) {
  TOBARI_TRY(each_owner(owners_of(id), [&id](Hypervisor& owner) { return owner.undefine(id); }));
  const std::scoped_lock lock(mutex_);
  kinds_.erase(id);
  std::erase_if(last_containers_, [&id](const DomainInfo& info) { return info.id == id; });
  return {};
}

Result<void> MachineRouter::start(const DesktopId& id) { return owner_of(id).start(id); }

Result<void> MachineRouter::stop(const DesktopId& id, StopMode mode) {
  return each_owner(owners_of(id), [&id, mode](Hypervisor& owner) { return owner.stop(id, mode); });
}

Result<void> MachineRouter::suspend(const DesktopId& id) { return owner_of(id).suspend(id); }

Result<void> MachineRouter::resume(const DesktopId& id) { return owner_of(id).resume(id); }

Result<void> MachineRouter::save(const DesktopId& id) { return owner_of(id).save(id); }

Result<void> MachineRouter::forget_saved(const DesktopId& id) {
  return each_owner(owners_of(id), [&id](Hypervisor& owner) { return owner.forget_saved(id); });
}

Result<void> MachineRouter::attach_disk(const DesktopId& id, const ExtraDisk& disk) {
  return owner_of(id).attach_disk(id, disk);
}

Result<UniqueFd> MachineRouter::display(const DesktopId& id, std::optional<std::uint32_t> user) {
  return owner_of(id).display(id, user);
}

Result<void> MachineRouter::freeze(const DesktopId& id, const std::string& state_file) {
  return owner_of(id).freeze(id, state_file);
}

Result<void> MachineRouter::clone(const DomainSpec& spec, const TemplateFiles& of) {
  note(spec.id, spec.machine);
  return owner_of(spec.id).clone(spec, of);
}

Result<void> MachineRouter::attach_card(const DesktopId& id, const NetworkCard& card) {
  return owner_of(id).attach_card(id, card);
}

Result<std::uint64_t> MachineRouter::private_memory(const DesktopId& id) { return owner_of(id).private_memory(id); }

Result<std::string> MachineRouter::version() { return machines_->version(); }

Result<std::string> MachineRouter::bridge_of(const std::string& network) { return machines_->bridge_of(network); }

std::unique_ptr<Subscription> MachineRouter::watch(std::function<void(const DomainEvent&)> on_event) {
  auto machines = machines_->watch(on_event);
  return std::make_unique<TwoSubscriptions>(std::move(machines), containers_->watch(std::move(on_event)));
}

}  // namespace tobari::vmhost
