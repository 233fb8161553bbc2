// SPDX-License-Identifier: GPL-3.0-or-later
// A control plane with two hosts, three users and a floating pool, over MemoryStore.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "control/core.h"
#include "store/memory_store.h"

namespace tobari::broker::control {

class World : public ::testing::Test {
 protected:
  World() {
    EXPECT_TRUE(store_
                    .transact([this](Writer& w) -> Result<void> {
                      for (User* user : {&alice_, &bob_, &carol_}) TOBARI_TRY(w.add_user(*user));
                      for (Node* node : {&one_, &two_}) TOBARI_TRY(w.add_node(*node));
                      return {};
                    })
                    .has_value());
    connect(one_);
    connect(two_);
    office_ = add_pool("office", PoolKind::kFloating);
  }

  Pool add_pool(const std::string& name, PoolKind kind, std::uint32_t spares = 0, std::uint32_t max = 3) {
    Pool pool;
    pool.id = PoolId::random();
    pool.name = name;
    pool.kind = kind;
    pool.image = "debian";
    pool.vcpus = 1;
    pool.memory_mib = 512;
    pool.max = max;
    pool.spares = spares;
    pool.keep = std::chrono::hours(1);
    EXPECT_TRUE(run(AddPool{pool, admin_}).has_value());
    return pool;
  }
  void connect(const Node& node) {
    facts_.connected[node.id] = {.id = node.id, .images = {"debian"}, .memory_mib = 8192, .pixels_per_second = 0};
  }
  void away(const Node& node) { facts_.connected.erase(node.id); }
  [[nodiscard]] std::shared_ptr<const Facts> facts() const { return std::make_shared<Facts>(facts_); }

  Result<Effects> run(const Event& event) { return control::run(store_, event, clock_.wall(), settings_); }
  Result<Effects> assign(const User& user, const Pool& pool, RequestId request = RequestId::random()) {
    return run(Assign{.request = std::move(request),
                      .user = user.id,
                      .pool = pool.id,
                      .fresh = DesktopId::random(),
                      .facts = facts(),
                      .who = {user.name, "192.0.2.7"}});
  }
  Desktop assigned(const User& user, const Pool& pool, RequestId request = RequestId::random()) {
    auto effects = assign(user, pool, std::move(request));
    EXPECT_TRUE(effects.has_value()) << describe(effects.error());
    if (!effects.has_value() || !effects->assigned.has_value()) return {};
    return *effects->assigned;
  }
  Effects sweep(std::map<DesktopId, std::chrono::seconds> idle = {}) {
    Sweep event{.facts = facts(), .fresh = {}, .idle_for = std::move(idle)};
    for (std::size_t i = 0; i < kMaxMadePerSweep; ++i) event.fresh.push_back(DesktopId::random());
    return run(event).value();
  }
  Result<Effects> report(const Node& node, std::vector<SeenDesktop> desktops, std::uint64_t revision = ~0ULL) {
    return run(HostReported{node.id, revision == ~0ULL ? host(node).revision : revision, std::move(desktops)});
  }
  void lose(const Node& node) { EXPECT_TRUE(run(HostSilent{node.id, host(node).lease}).has_value()); }
  Effects renew(const Node& node, std::uint64_t revision = 0) {
    return run(LeasesAsked{{{node.id, 1, revision}}}).value();
  }

  template <class Body>
  auto get(Body body) {
    return store_.get(std::move(body)).value();
  }
  Host host(const Node& node) {
    return get([&](const Reader& r) { return r.host(node.id); });
  }
  std::vector<Desktop> spares(const Pool& pool) {
    return get([&](const Reader& r) { return r.spares(pool.id, 100); });
  }
  // Newest last: "action object".
  std::vector<std::string> audited(const std::string& action) {
    std::vector<std::string> objects;
    for (const AuditRecord& record : get([](const Reader& r) { return r.audit_after(0, 1000); })) {
      if (record.draft.action == action) objects.push_back(record.draft.object);
    }
    return objects;
  }

  ManualClock clock_;
  MemoryStore store_{clock_};
  Settings settings_;
  Facts facts_;
  const Who admin_{"admin", "192.0.2.1"};
  User alice_{UserId::random(), "alice", Role::kUser, ""};
  User bob_{UserId::random(), "bob", Role::kUser, ""};
  User carol_{UserId::random(), "carol", Role::kUser, ""};
  Node one_{HostId::random(), "host-1", NodeRole::kHost, {}};
  Node two_{HostId::random(), "host-2", NodeRole::kHost, {}};
  Pool office_;
};

}  // namespace tobari::broker::control
