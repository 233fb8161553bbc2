// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/fake_hypervisor.h>

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "event_hub.h"

namespace tobari::vmhost {

struct FakeHypervisor::Domain {
  DomainSpec spec;
  bool running = false;
  int starts = 0;
  std::vector<UniqueFd> display_ends;  // QEMU's; closed when the VM ends
};

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
  for (const auto& [id, domain] : domains_) found.push_back({id, domain.running});
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
    const std::optional<NetworkCard>& card = found->second.spec.network;
    if (card && !card->network.empty() && !networks_.contains(card->network)) {
      return fail(Errc::kNotFound, "there is no network " + card->network);
    }
    if (next_start_error_) return std::unexpected(*std::exchange(next_start_error_, std::nullopt));
    found->second.running = true;
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
    if (mode == StopMode::kAsk && ignore_power_button_) return {};
    found->second.running = false;
    found->second.display_ends.clear();
  }
  hub_->notify({DomainEvent::Kind::kStopped, id, mode == StopMode::kAsk ? "shutdown" : "destroyed"});
  return {};
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

void FakeHypervisor::ignore_power_button(bool ignore) {
  const std::scoped_lock lock(mutex_);
  ignore_power_button_ = ignore;
}

int FakeHypervisor::starts(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  return found == domains_.end() ? 0 : found->second.starts;
}

std::optional<DomainSpec> FakeHypervisor::spec(const DesktopId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = domains_.find(id);
  if (found == domains_.end()) return std::nullopt;
  return found->second.spec;
}

}  // namespace tobari::vmhost
