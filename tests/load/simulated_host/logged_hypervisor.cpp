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
      machine = {.running = true, .paused = false, .saved = false, .is_template = line.is_template};
      have_in_fake(line);
      static_cast<void>(fake_.start(line.machine));
      return;
    case MachineLine::Kind::kDown:
      machine = {.running = false, .paused = false, .saved = false, .is_template = machine.is_template};
      static_cast<void>(fake_.stop(line.machine, StopMode::kNow));
      static_cast<void>(fake_.forget_saved(line.machine));
      return;
    case MachineLine::Kind::kPaused:
      machine.paused = machine.running;
      if (machine.running) static_cast<void>(fake_.suspend(line.machine));
      return;
    case MachineLine::Kind::kResumed:
      machine.paused = false;
      if (machine.running) static_cast<void>(fake_.resume(line.machine));
      return;
    case MachineLine::Kind::kSaved:
      machine = {.running = false, .paused = false, .saved = true, .is_template = machine.is_template};
      static_cast<void>(fake_.save(line.machine));
      return;
  }
}

// One of an earlier life is defined by nobody yet.
void LoggedHypervisor::have_in_fake(const MachineLine& line) {
  if (fake_.spec(line.machine)) return;
  DomainSpec spec;
  spec.id = line.machine;
  if (line.is_template) spec.shared_ram = "ram";
  static_cast<void>(fake_.define(spec));
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
  const bool saved = state_of(id).saved;
  TOBARI_TRY(fake_.undefine(id));
  if (saved) TOBARI_TRY(note(MachineLine::Kind::kDown, id));
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
  const Machine machine = state_of(id);
  TOBARI_TRY(fake_.stop(id, mode));
  // What stands still does not see the power button.
  if (!machine.running || (machine.paused && mode == StopMode::kAsk)) return {};
  return note(MachineLine::Kind::kDown, id);
}

Result<void> LoggedHypervisor::suspend(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.suspend(id));
  if (state_of(id).paused) return {};
  return note(MachineLine::Kind::kPaused, id);
}

// First in the file: from then on it counts as running.
Result<void> LoggedHypervisor::resume(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  if (!state_of(id).paused) return fake_.resume(id);
  return note(MachineLine::Kind::kResumed, id);
}

Result<void> LoggedHypervisor::save(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.save(id));
  if (state_of(id).saved) return {};
  return note(MachineLine::Kind::kSaved, id);
}

Result<void> LoggedHypervisor::forget_saved(const DesktopId& id) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  TOBARI_TRY(fake_.forget_saved(id));
  if (!state_of(id).saved) return {};
  return note(MachineLine::Kind::kDown, id);
}

Result<void> LoggedHypervisor::attach_disk(const DesktopId& id, const ExtraDisk& disk) {
  const std::scoped_lock lock(mutex_);
  TOBARI_TRY(follow());
  return fake_.attach_disk(id, disk);
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

}  // namespace tobari::vmhost
