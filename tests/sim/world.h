// SPDX-License-Identifier: GPL-3.0-or-later
// Everything of one schedule, and its run: chaos, then a network, machines and clocks that are whole, and the questions
// that are asked then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <vector>

#include "agent.h"
#include "broker_model.h"
#include "database.h"
#include "engine.h"
#include "faults.h"
#include "hardware.h"
#include "mistakes.h"
#include "network.h"
#include "oracle.h"
#include "person.h"
#include "setup.h"
#include "trace.h"
#include "watchdog.h"

namespace tobari::sim {

struct HostModel {
  HostModel(World& world, std::size_t index, Random& seeds)
      : hardware(world, index, seeds.next()),
        agent(world, hardware, index, seeds.next()),
        watchdog(world, hardware, index, seeds.next()) {}

  void power_on() {
    hardware.power_on();
    agent.start();
    watchdog.start();
  }

  Hardware hardware;
  Agent agent;
  Watchdog watchdog;
};

struct Verdict {
  std::vector<Violation> violations{};  // the first of each rule
  Counts counts{};
  std::uint64_t steps = 0;
  std::uint64_t fingerprint = 0;  // of all steps, and of the audit
  Moment length{};
};

class World {
 public:
  World(const Setup& wanted, const Mistakes& planted, std::ostream* out);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Verdict run();

  [[nodiscard]] std::size_t host_index(const HostId& id) const;
  [[nodiscard]] bool is_floating(const PoolId& pool) const { return pool == floating_; }
  // Never twice: calls, requests, events, and what came before what.
  [[nodiscard]] std::uint64_t next_number() noexcept { return ++numbers_; }

  const Setup setup;
  const Mistakes mistakes;
  Engine engine;
  Trace trace;
  Database database;
  Oracle oracle;
  Network network;
  std::vector<HostId> host_ids;
  std::vector<std::unique_ptr<HostModel>> hosts;
  std::vector<std::unique_ptr<BrokerModel>> brokers;
  std::vector<std::unique_ptr<Person>> people;

 private:
  void store_what_is_there();
  [[nodiscard]] broker::Pool make_pool(const char* name, broker::PoolKind kind, PoolId id) const;
  [[nodiscard]] std::uint64_t fingerprint();

  Random seeds_;
  PoolId floating_;
  PoolId dedicated_;
  std::uint64_t numbers_ = 0;
  Faults faults_;
};

[[nodiscard]] Verdict run_seed(std::uint64_t seed, const Mistakes& mistakes = {}, std::ostream* trace = nullptr);

}  // namespace tobari::sim
