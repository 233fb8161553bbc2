// SPDX-License-Identifier: GPL-3.0-or-later
#include "logged_hypervisor.h"

#include <utility>

namespace tobari::vmhost {

Result<std::unique_ptr<LoggedHypervisor>> LoggedHypervisor::open(Options options) {
  TOBARI_ASSIGN(MachineLog log, MachineLog::open(options.log));
  std::unique_ptr<LoggedHypervisor> made(new LoggedHypervisor(std::move(options), std::move(log)));
  {
    const std::scoped_lock lock(made->mutex_);
    TOBARI_TRY(made->follow());
  }
  return made;
}

LoggedHypervisor::~LoggedHypervisor() {
  {
    const std::scoped_lock lock(ending_mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

// ---- the log

Result<void> LoggedHypervisor::follow() {
  TOBARI_ASSIGN(const auto lines, log_.read_new());
  for (const MachineLine& line : lines) apply(line);
  return {};
}

// What the fake is told here it may know already: then nothing happens.
void LoggedHypervisor::apply(const MachineLine& line) {
  Machine& machine = machines_[line.machine];
  switch (line.kind) {
    case MachineLine::Kind::kUp:
      machine = {.running = true, .paused = false, .is_template = line.is_template};
      if (!fake_.spec(line.machine)) {  // of an earlier life
        DomainSpec spec;
        spec.id = line.machine;
        if (line.is_template) spec.shared_ram = "ram";
        static_cast<void>(fake_.define(spec));
      }
      static_cast<void>(fake_.start(line.machine));
      return;
    case MachineLine::Kind::kDown:
      machine.running = machine.paused = false;
      static_cast<void>(fake_.stop(line.machine, StopMode::kNow));
      return;
    case MachineLine::Kind::kPaused:
      machine.paused = machine.running;
      return;
    case MachineLine::Kind::kResumed:
      machine.paused = false;
      return;
  }
}

Result<void> LoggedHypervisor::note(MachineLine::Kind kind, const DesktopId& id) {
  const auto spec = fake_.spec(id);
  TOBARI_TRY(log_.append(kind, id, spec && !spec->shared_ram.empty()));
  return follow();
}

LoggedHypervisor::Machine LoggedHypervisor::state_of(const DesktopId& id) const {
  const auto found = machines_.find(id);
  return found == machines_.end() ? Machine() : found->second;
}

// ---- machines

Result<std::vector<DomainInfo>> LoggedHypervisor::list() {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.list();
}

Result<void> LoggedHypervisor::define(const DomainSpec& spec) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.define(spec);
}

Result<void> LoggedHypervisor::undefine(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.undefine(id));
  machines_.erase(id);
  return {};
}

void LoggedHypervisor::wait_for_start() {
  if (options_.start_takes.count() == 0) return;
  std::unique_lock lock(ending_mutex_);
  changed_.wait_for(lock, options_.start_takes, [this] { return ending_; });
}

Result<void> LoggedHypervisor::start(const DesktopId& id) {
  wait_for_start();
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.start(id));
  if (state_of(id).running) return {};
  auto noted = note(MachineLine::Kind::kUp, id);
  if (!noted) static_cast<void>(fake_.stop(id, StopMode::kNow));
  return noted;
}

Result<void> LoggedHypervisor::stop(const DesktopId& id, StopMode mode) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.stop(id, mode));
  if (!state_of(id).running) return {};
  return note(MachineLine::Kind::kDown, id);
}

Result<UniqueFd> LoggedHypervisor::display(const DesktopId& id, std::optional<std::uint32_t> user) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.display(id, user);
}

Result<void> LoggedHypervisor::freeze(const DesktopId& id, const std::string& state_file) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.freeze(id, state_file));
  return note(MachineLine::Kind::kDown, id);
}

Result<void> LoggedHypervisor::clone(const DomainSpec& spec, const TemplateFiles& of) {
  wait_for_start();
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.clone(spec, of));
  if (state_of(spec.id).running) return {};
  auto noted = note(MachineLine::Kind::kUp, spec.id);
  if (!noted) static_cast<void>(fake_.stop(spec.id, StopMode::kNow));
  return noted;
}

Result<void> LoggedHypervisor::attach_card(const DesktopId& id, const NetworkCard& card) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.attach_card(id, card);
}

Result<std::uint64_t> LoggedHypervisor::private_memory(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.private_memory(id);
}

Result<std::string> LoggedHypervisor::version() { return fake_.version(); }

Result<std::string> LoggedHypervisor::bridge_of(const std::string& network) { return fake_.bridge_of(network); }

std::unique_ptr<Subscription> LoggedHypervisor::watch(std::function<void(const DomainEvent&)> on_event) {
  return fake_.watch(std::move(on_event));
}

Result<void> LoggedHypervisor::suspend(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  const Machine machine = state_of(id);
  if (!machine.running) return fail(Errc::kNotFound, "the VM is not running");
  if (machine.paused) return {};
  return note(MachineLine::Kind::kPaused, id);
}

Result<void> LoggedHypervisor::resume(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  const Machine machine = state_of(id);
  if (!machine.running) return fail(Errc::kNotFound, "the VM is not running");
  if (!machine.paused) return {};
  return note(MachineLine::Kind::kResumed, id);
}

Result<bool> LoggedHypervisor::is_paused(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return state_of(id).paused;
}

}  // namespace tobari::vmhost
