// SPDX-License-Identifier: GPL-3.0-or-later
// One host as it really is: its power, its clock, the machines of desktops, the clients that see them, and its files.
// The agent and the watchdog know of it what the hypervisor tells them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <tobari/base/ids.h>

#include "engine.h"
#include "fence/lease_file.h"
#include "messages.h"

namespace tobari::sim {

class World;

// A desktop's.
struct Machine {
  bool disk = false;  // something of it lies here
  bool running = false;
  bool suspended = false;  // by the hypervisor
  bool stopped = false;    // its process, by a signal
  std::uint64_t run = 0;
  std::uint64_t epoch = 0;  // under which it was started
  UserDiskId user_disk{};   // that its guest has
};

// Who is shown a desktop.
struct Client {
  SessionId session;
  std::size_t person = 0;
};

struct Listed {
  DesktopId id;
  bool running = false;
  bool paused = false;
};

class Hardware {
 public:
  enum class Order : std::uint8_t { kStart, kSuspend, kResume, kPullPlug, kAskToStop, kAttachDisk };
  using Done = std::function<void(bool)>;

  Hardware(World& world, std::size_t index, std::uint64_t seed);

  Process hypervisor;  // libvirt's daemon
  std::map<DesktopId, Machine> machines;
  std::map<DesktopId, Client> clients;  // of display processes, which outlive the agent

  // ---- files: they outlive everything
  std::map<DesktopId, std::uint64_t> epochs;
  std::shared_ptr<const Desired> desired;
  std::optional<vmhost::LeaseNote> note;
  std::deque<SessionEvent> events;  // that no broker has stored

  // ---- power
  void power_on();
  void power_off();
  void fall_asleep();
  void wake_up();
  [[nodiscard]] bool powered() const noexcept { return powered_; }
  [[nodiscard]] bool asleep() const noexcept { return asleep_; }
  [[nodiscard]] std::uint64_t boots() const noexcept { return boots_; }
  [[nodiscard]] Moment woken_at() const noexcept { return woken_at_; }
  [[nodiscard]] Moment boot_time() const;  // CLOCK_BOOTTIME
  [[nodiscard]] const LocalClock& clock() const noexcept { return clock_; }

  // ---- machines
  [[nodiscard]] bool executes(const Machine& machine) const noexcept {
    return powered_ && !asleep_ && machine.running && !machine.suspended && !machine.stopped;
  }
  [[nodiscard]] bool executes(const DesktopId& id) const;
  // Carried out by the hypervisor some time later, whether or not who ordered it is still there; `done` only if it is.
  void order(Process& by, Order what, const DesktopId& id, Done done, std::uint64_t epoch = 0, UserDiskId disk = {});
  void list(Process& by, std::function<void(std::vector<Listed>)> done);
  void remove_disk(const DesktopId& id);
  // At once: signals need no hypervisor.
  void stop_process(const DesktopId& id);
  void let_process_go_on(const DesktopId& id);
  void crash(const DesktopId& id);

 private:
  [[nodiscard]] bool carry_out(Order what, const DesktopId& id, std::uint64_t epoch, const UserDiskId& disk);
  [[nodiscard]] bool start(const DesktopId& id, std::uint64_t epoch);
  void ask_to_stop(const DesktopId& id, Machine& machine);
  void end(const DesktopId& id, Machine& machine);

  World& world_;
  const std::size_t index_;
  Random chance_;
  LocalClock clock_{};
  bool powered_ = false;
  bool asleep_ = false;
  std::uint64_t boots_ = 0;
  Moment woken_at_{-3600s};
};

}  // namespace tobari::sim
