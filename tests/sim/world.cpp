// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

#include <algorithm>
#include <cstdlib>
#include <format>
#include <string>
#include <utility>

#include "control/core.h"

namespace tobari::sim {
namespace {

// From when everything is whole. A host that is dead is called lost after 38 s and a bit; a client asks every 25 s,
// waits for 20 s and rests for 4 s; a machine takes up to five to start.
constexpr Moment kInWithin = 85s;
// What is idle goes after 45 s more or less, and is deleted then.
constexpr Moment kRestWithin = 125s;

constexpr const char* kDiskPlan = R"({"disk":{"kind":"disk","name":"home","size_gib":1,"storage":"shared"}})";

}  // namespace

World::World(const Setup& wanted, const Mistakes& planted, std::ostream* out)
    : setup(wanted),
      mistakes(planted),
      trace(engine, out),
      oracle(*this),
      network(*this, setup.brokers, setup.hosts, setup.seed ^ 0x6e6574776f726bULL),
      seeds_(setup.seed ^ 0x736565647321ULL),
      floating_(seeds_.id<PoolId>()),
      dedicated_(seeds_.id<PoolId>()),
      faults_(*this, setup.seed ^ 0x6661756c7473ULL) {
  for (std::size_t i = 0; i < setup.hosts; ++i) {
    host_ids.push_back(seeds_.id<HostId>());
    hosts.push_back(std::make_unique<HostModel>(*this, i, seeds_));
  }
  for (std::size_t i = 0; i < setup.brokers; ++i) {
    brokers.push_back(std::make_unique<BrokerModel>(*this, i, seeds_.next()));
  }
  for (std::size_t i = 0; i < setup.people; ++i) {
    const bool dedicated = i + setup.of_dedicated >= setup.people;
    const UserId user = seeds_.id<UserId>();
    people.push_back(std::make_unique<Person>(*this, i, user, dedicated ? dedicated_ : floating_, seeds_.next()));
  }
  store_what_is_there();
}

std::size_t World::host_index(const HostId& id) const {
  return static_cast<std::size_t>(std::ranges::find(host_ids, id) - host_ids.begin());
}

broker::Pool World::make_pool(const char* name, broker::PoolKind kind, PoolId id) const {
  broker::Pool pool;
  pool.id = std::move(id);
  pool.name = name;
  pool.kind = kind;
  pool.image = "debian";
  pool.vcpus = 1;
  pool.memory_mib = 512;
  pool.max = static_cast<std::uint32_t>(setup.people) + setup.spares + 2;
  pool.keep = setup.keep;
  if (kind != broker::PoolKind::kFloating) return pool;
  pool.spares = setup.spares;
  if (setup.user_disks) pool.plan = kDiskPlan;
  return pool;
}

void World::store_what_is_there() {
  broker::MemoryStore& store = database.as_it_is();
  const auto stored = store.transact([this](broker::Writer& writer) -> Result<void> {
    for (const auto& person : people) {
      broker::User user;
      user.id = person->user;
      user.name = std::format("user{}", person->index());
      TOBARI_TRY(writer.add_user(user));
    }
    for (std::size_t i = 0; i < host_ids.size(); ++i) {
      broker::Node node;
      node.id = host_ids[i];
      node.name = std::format("host-{}", i);
      TOBARI_TRY(writer.add_node(node));
    }
    return {};
  });
  if (!stored.has_value()) std::abort();
  for (const broker::Pool& pool : {make_pool("floating", broker::PoolKind::kFloating, floating_),
                                   make_pool("dedicated", broker::PoolKind::kDedicated, dedicated_)}) {
    if (!control::run(store, control::AddPool{pool, {}}, {}).has_value()) std::abort();
  }
}

Verdict World::run() {
  for (const auto& broker : brokers) broker->start();
  for (const auto& host : hosts) host->power_on();
  for (const auto& person : people) person->begin();
  faults_.begin();
  engine.run_until(setup.chaos);
  faults_.end();
  for (const auto& person : people) person->settle(seeds_.chance(700));
  engine.run_until(setup.chaos + kInWithin);
  oracle.people_are_in();
  engine.run_until(setup.chaos + kRestWithin);
  oracle.nothing_is_left();
  return {.violations = {oracle.violations().begin(), oracle.violations().end()},
          .counts = oracle.counts(),
          .steps = engine.steps(),
          .fingerprint = fingerprint(),
          .length = engine.now()};
}

std::uint64_t World::fingerprint() {
  std::uint64_t print = engine.fingerprint();
  const auto head = database.as_it_is().get([](const broker::Reader& reader) { return reader.audit_head(); });
  if (!head.has_value()) return print;
  for (const char digit : head->hash) print = (print ^ static_cast<unsigned char>(digit)) * 0x100000001b3ULL;
  return print;
}

Verdict run_seed(std::uint64_t seed, const Mistakes& mistakes, std::ostream* trace) {
  World world(draw(seed), mistakes, trace);
  return world.run();
}

}  // namespace tobari::sim
