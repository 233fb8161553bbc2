// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/fake_hypervisor.h>

#include <cerrno>
#include <format>
#include <fstream>
#include <sstream>
#include <utility>

#include <sys/socket.h>

#include "event_hub.h"

namespace tobari::vmhost {

struct FakeHypervisor::Domain {
  DomainSpec spec;
  bool running = false;
  bool paused = false;
  bool saved = false;
  bool has_card = false;
  std::set<std::string> disks;  // attached
  int starts = 0;
  int clones = 0;
  std::vector<UniqueFd> display_ends;  // QEMU's; closed when the VM ends
};

namespace {

// What a VM must have in common with the one that was frozen.
std::string state_of(const DomainSpec& spec) {
  return std::format("{} MiB, {} processors, {} heads", spec.memory_mib, spec.vcpus, spec.heads);
}

Result<void> is_copyable(const DomainSpec& spec) {
  if (spec.machine == MachineKind::kVm) return {};
  return fail(Errc::kInvalidArgument, "a container starts from its files and is not copied");
}

}  // namespace

FakeHypervisor::FakeHypervisor() : hub_(std::make_shared<EventHub>()) {}
FakeHypervisor::~FakeHypervisor() = default;

Result<void> FakeHypervisor::check_available() const {
  if (!available_) return fail(Errc::kUnavailable, "the hypervisor is away");
  return {};
}

Result<std::vector<DomainInfo>> FakeHypervisor::list() {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  std::vector<DomainInfo> found;
  for (const auto& [id, domain] : domains_) {
    found.push_back({.id = id,
                     .running = domain.running,
                     .is_template = !domain.spec.shared_ram.empty(),
                     .paused = domain.running && domain.paused,
                     .saved = domain.saved});
  }
  return found;
}

Result<void> FakeHypervisor::define(const DomainSpec& spec) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  if (spec.id.empty()) return fail(Errc::kInvalidArgument, "a domain needs an id");
  domains_[spec.id].spec = spec;
  return {};
}

Result<void> FakeHypervisor::undefine(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  const auto found = domains_.find(id);
  if (found == domains_.end()) return {};
  if (found->second.running) return fail(Errc::kAlreadyExists, "the VM is running");
  domains_.erase(found);
  return {};
}

Result<void> FakeHypervisor::start(const DesktopId& id) {
  {
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(check_available());
    const auto found = domains_.find(id);
    if (found == domains_.end()) return fail(Errc::kNotFound, "the VM is not defined");
    if (found->second.running) return {};
    TOBARI_TRY(check_container(found->second.spec));
    TOBARI_TRY(check_network(found->second.spec.network));
    if (next_start_error_) return std::unexpected(*std::exchange(next_start_error_, std::nullopt));
    found->second.running = true;
    found->second.paused = false;
    // What was saved has what it had.
    if (!std::exchange(found->second.saved, false)) {
      found->second.has_card = found->second.spec.network.has_value();
      found->second.disks.clear();
    }
    found->second.starts += 1;
  }
  hub_->notify({DomainEvent::Kind::kStarted, id, "started"});
  return {};
}

Result<void> FakeHypervisor::stop(const DesktopId& id, StopMode mode) {
  {
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(check_available());
    const auto found = domains_.find(id);
    if (found == domains_.end() || !found->second.running) return {};
    if (mode == StopMode::kAsk && (ignore_power_button_ || found->second.paused)) return {};
    found->second.running = false;
    found->second.display_ends.clear();
  }
  hub_->notify({DomainEvent::Kind::kStopped, id, mode == StopMode::kAsk ? "shutdown" : "destroyed"});
  return {};
}

Result<void> FakeHypervisor::suspend(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  TOBARI_ASSIGN(Domain* const domain, running(id));
  domain->paused = true;
  return {};
}

Result<void> FakeHypervisor::resume(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  TOBARI_ASSIGN(Domain* const domain, running(id));
  domain->paused = false;
  return {};
}

Result<void> FakeHypervisor::save(const DesktopId& id) {
  {
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(check_available());
    const auto found = domains_.find(id);
    if (found != domains_.end() && found->second.saved) return {};
    TOBARI_ASSIGN(Domain* const domain, running(id));
    if (domain->spec.machine != MachineKind::kVm) return fail(Errc::kInvalidArgument, "a container cannot be saved");
    if (next_save_error_) return std::unexpected(*std::exchange(next_save_error_, std::nullopt));
    domain->running = false;
    domain->saved = true;
    domain->display_ends.clear();
  }
  hub_->notify({DomainEvent::Kind::kStopped, id, "saved"});
  return {};
}

Result<void> FakeHypervisor::forget_saved(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  if (const auto found = domains_.find(id); found != domains_.end()) found->second.saved = false;
  return {};
}

Result<void> FakeHypervisor::attach_disk(const DesktopId& id, const ExtraDisk& disk) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  TOBARI_ASSIGN(Domain* const domain, running(id));
  if (domain->spec.machine != MachineKind::kVm) return fail(Errc::kInvalidArgument, "a container gets no disks");
  if (!domain->spec.spare_ports && domain->clones == 0) return fail(Errc::kExhausted, "no port is free");
  // As QEMU locks what it writes to.
  for (const auto& [other, each] : domains_) {
    if (other != id && each.running && each.disks.contains(disk.file)) return fail(Errc::kIo, "the disk is in use");
  }
  domain->disks.insert(disk.file);
  return {};
}

std::set<std::string> FakeHypervisor::disks(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  return found == domains_.end() || !found->second.running ? std::set<std::string>() : found->second.disks;
}

void FakeHypervisor::fail_next_save(Error error) {
  const std::scoped_lock lock(mutex_);
  next_save_error_ = std::move(error);
}

Result<UniqueFd> FakeHypervisor::display(const DesktopId& id, std::optional<std::uint32_t>) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  const auto found = domains_.find(id);
  if (found == domains_.end() || !found->second.running) return fail(Errc::kNotFound, "the VM is not running");
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "make a socket pair");
  found->second.display_ends.emplace_back(ends[0]);
  return UniqueFd(ends[1]);
}

Result<FakeHypervisor::Domain*> FakeHypervisor::running(const DesktopId& id) {
  const auto found = domains_.find(id);
  if (found == domains_.end() || !found->second.running) return fail(Errc::kNotFound, "the VM is not running");
  return &found->second;
}

Result<void> FakeHypervisor::check_network(const std::optional<NetworkCard>& card) const {
  if (!card || card->network.empty() || networks_.contains(card->network)) return {};
  return fail(Errc::kNotFound, "there is no network " + card->network);
}

Result<void> FakeHypervisor::check_container(const DomainSpec& spec) const {
  if (spec.machine == MachineKind::kVm || !no_containers_) return {};
  return std::unexpected(*no_containers_);
}

Result<void> FakeHypervisor::freeze(const DesktopId& id, const std::string& state_file) {
  {
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(check_available());
    TOBARI_ASSIGN(Domain* const domain, running(id));
    TOBARI_TRY(is_copyable(domain->spec));
    if (next_freeze_error_) return std::unexpected(*std::exchange(next_freeze_error_, std::nullopt));
    std::ofstream file(state_file, std::ios::in | std::ios::out | std::ios::trunc);
    file << state_of(domain->spec);
    if (!file.flush()) return fail(Errc::kIo, "cannot write " + state_file);
    domain->running = false;
  }
  hub_->notify({DomainEvent::Kind::kStopped, id, "frozen"});
  return {};
}

Result<void> FakeHypervisor::clone(const DomainSpec& spec, const TemplateFiles& of) {
  {
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(check_available());
    if (spec.id.empty()) return fail(Errc::kInvalidArgument, "a domain needs an id");
    TOBARI_TRY(is_copyable(spec));
    Domain& domain = domains_[spec.id];
    domain.spec = spec;
    if (domain.running) return {};
    if (next_clone_error_) return std::unexpected(*std::exchange(next_clone_error_, std::nullopt));
    std::stringstream state;
    state << std::ifstream(of.state).rdbuf();
    if (!std::ifstream(of.ram) || state.str() != state_of(spec)) {
      return fail(Errc::kIo, "what was frozen does not fit the VM");
    }
    domain.running = true;
    domain.paused = false;
    domain.has_card = false;
    domain.disks.clear();
    domain.starts += 1;
    domain.clones += 1;
  }
  hub_->notify({DomainEvent::Kind::kStarted, spec.id, "cloned"});
  return {};
}

Result<void> FakeHypervisor::attach_card(const DesktopId& id, const NetworkCard& card) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  TOBARI_ASSIGN(Domain* const domain, running(id));
  TOBARI_TRY(check_network(card));
  domain->has_card = true;
  return {};
}

Result<std::uint64_t> FakeHypervisor::private_memory(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  TOBARI_ASSIGN(Domain* const domain, running(id));
  const bool shares = domain->clones > 0 || domain->spec.machine == MachineKind::kContainer;
  return std::uint64_t{domain->spec.memory_mib} << (shares ? 17U : 20U);
}

Result<std::string> FakeHypervisor::version() {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  return version_;
}

Result<std::string> FakeHypervisor::bridge_of(const std::string& network) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(check_available());
  const auto found = networks_.find(network);
  if (found == networks_.end()) return fail(Errc::kNotFound, "there is no network " + network);
  return found->second;
}

void FakeHypervisor::add_network(const std::string& name, const std::string& bridge) {
  const std::scoped_lock lock(mutex_);
  networks_[name] = bridge;
}

std::unique_ptr<Subscription> FakeHypervisor::watch(std::function<void(const DomainEvent&)> on_event) {
  return hub_->add(std::move(on_event));
}

void FakeHypervisor::crash(const DesktopId& id) {
  {
    const std::scoped_lock lock(mutex_);
    domains_[id].running = false;
    domains_[id].display_ends.clear();
    if (!available_) return;  // nobody is there to tell
  }
  hub_->notify({DomainEvent::Kind::kStopped, id, "crashed"});
}

void FakeHypervisor::set_available(bool available) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(available_, available) == available) return;
  }
  hub_->notify({DomainEvent::Kind::kResync, {}, available ? "connected" : "connection lost"});
}

void FakeHypervisor::fail_next_start(Error error) {
  const std::scoped_lock lock(mutex_);
  next_start_error_ = std::move(error);
}

void FakeHypervisor::set_version(const std::string& version) {
  const std::scoped_lock lock(mutex_);
  version_ = version;
}

void FakeHypervisor::fail_next_freeze(Error error) {
  const std::scoped_lock lock(mutex_);
  next_freeze_error_ = std::move(error);
}

void FakeHypervisor::fail_next_clone(Error error) {
  const std::scoped_lock lock(mutex_);
  next_clone_error_ = std::move(error);
}

void FakeHypervisor::refuse_containers(std::optional<Error> error) {
  const std::scoped_lock lock(mutex_);
  no_containers_ = std::move(error);
}

void FakeHypervisor::ignore_power_button(bool ignore) {
  const std::scoped_lock lock(mutex_);
  ignore_power_button_ = ignore;
}

int FakeHypervisor::starts(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  return found == domains_.end() ? 0 : found->second.starts;
}

int FakeHypervisor::clones(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  return found == domains_.end() ? 0 : found->second.clones;
}

bool FakeHypervisor::has_card(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  return found != domains_.end() && found->second.running && found->second.has_card;
}

std::vector<DesktopId> FakeHypervisor::templates() const {
  const std::scoped_lock lock(mutex_);
  std::vector<DesktopId> found;
  for (const auto& [id, domain] : domains_) {
    if (!domain.spec.shared_ram.empty()) found.push_back(id);
  }
  return found;
}

std::optional<DomainSpec> FakeHypervisor::spec(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  if (found == domains_.end()) return std::nullopt;
  return found->second.spec;
}

}  // namespace tobari::vmhost
