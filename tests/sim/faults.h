// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a schedule's faults happen, ends them, and ambushes processes between their steps.
//
// Taken for granted (docs/RELIABILITY.md): of a host's agent and watchdog one is there; its hypervisor is never away
// for longer than eight seconds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine.h"
#include "setup.h"

namespace tobari::sim {

class World;

class Faults {
 public:
  Faults(World& world, std::uint64_t seed) : world_(world), chance_(seed) {}

  void begin();
  // Everything is whole from now on; what starts again takes a moment.
  void end();

 private:
  void happen(const Fault& fault);
  void ambush(Process& process, Moment delay);

  // ---- processes
  void kill_broker(std::size_t index, Moment lasts);
  void kill_agent(std::size_t index, Moment lasts);
  void kill_watchdog(std::size_t index, Moment lasts);
  void stop(Process& process, Moment lasts);
  [[nodiscard]] bool may_lose_one(std::size_t host) const;
  // ---- hosts
  void cut_power(std::size_t index, Moment lasts);
  void send_to_sleep(std::size_t index, Moment lasts);
  void wake(std::size_t index);
  void hang_hypervisor(std::size_t index, Moment lasts);
  void crash_machine(std::size_t index);
  // ---- the network, the database, clocks
  void cut(std::size_t from, std::size_t to, Moment lasts);
  void cut_line(const Fault& fault);
  void cut_host(std::size_t index, Moment lasts);
  void cut_people(const Fault& fault);
  void take_database(const Fault& fault);
  void fill_database(Moment lasts);
  void contend(Moment lasts);
  void set_clock(const Fault& fault);
  // ---- people
  void drain(const Fault& fault);
  void end_use(const Fault& fault);
  void log_guest_off(const Fault& fault);

  [[nodiscard]] std::size_t some_host(const Fault& fault) const;
  [[nodiscard]] std::size_t some_broker(const Fault& fault) const;
  void bring_back_host(std::size_t index);
  void make_ready();

  World& world_;
  Random chance_;
  bool over_ = false;
  std::size_t gone_for_good_ = ~std::size_t{0};  // a host
};

}  // namespace tobari::sim
