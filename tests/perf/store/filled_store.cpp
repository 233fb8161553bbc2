// SPDX-License-Identifier: GPL-3.0-or-later
#include "filled_store.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/random.h>

#include "core/session_access.h"
#include "core/sha256.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kAtOnce = 1000;             // rows an act
constexpr std::uint32_t kMostDesktops = 100'000;  // of a pool

AuditDraft draft(std::string action) {
  return {.actor = "bench",
          .action = std::move(action),
          .object = "",
          .client_address = "192.0.2.1",
          .outcome = Outcome::kDone,
          .rule = "",
          .detail = "a large store"};
}

Pool new_pool(const Size& size, std::string name) {
  Pool pool;
  pool.id = PoolId::random();
  pool.name = std::move(name);
  pool.kind = size.kind;
  pool.image = kFilledImage;
  pool.vcpus = 2;
  pool.memory_mib = 2048;
  pool.heads = 1;
  pool.max = kMostDesktops;
  pool.spares = static_cast<std::uint32_t>(size.spares_a_pool);
  pool.keep = std::chrono::hours(4);
  return pool;
}

Desktop new_desktop(const Filled& made, const Size& size, std::size_t number) {
  const Pool& pool = made.pools[number % size.pools];
  const bool spare = number / size.pools < size.spares_a_pool;
  const Node& host = made.hosts[number % size.hosts];
  Desktop desktop;
  desktop.id = DesktopId::random();
  desktop.name = std::format("{}-{:06}", pool.name, number);
  if (!spare) desktop.user = made.users[number].id;
  if (!spare) desktop.user_name = made.users[number].name;
  desktop.host = host.id;
  desktop.host_name = host.name;
  desktop.pool = pool.id;
  desktop.image = pool.image;
  desktop.vcpus = pool.vcpus;
  desktop.memory_mib = pool.memory_mib;
  desktop.heads = 1;
  desktop.power = Power::kOn;
  return desktop;
}

// In acts of a thousand.
template <class Body>
Result<void> many(StateStore& store, std::size_t count, const char* action, Body&& body) {
  for (std::size_t from = 0; from < count; from += kAtOnce) {
    auto done = store.act([&](Writer& w) -> Result<AuditDraft> {
      for (std::size_t i = from; i < std::min(count, from + kAtOnce); ++i) {
        TOBARI_TRY(body(w, i));
      }
      return draft(action);
    });
    TOBARI_TRY(std::move(done));
  }
  return {};
}

}  // namespace

Session new_session(const Desktop& desktop, SessionState state, Time now) {
  return {.id = SessionId::random(),
          .desktop = desktop.id,
          .user = desktop.user,
          .user_name = desktop.user_name,
          .host = desktop.host,
          .state = state,
          .client_address = "192.0.2.1",
          .client_name = "pad",
          .detail = "",
          .created_at = now,
          .offer_expires_at = now + std::chrono::minutes(1),
          .routing_sha256 = sha256_hex(random_token()),
          .routed = state != SessionState::kOffered,
          .further = {},
          .access = to_text({.grant = {.user = desktop.user_name, .channels = {{"connect", "everybody", {}}}},
                             .client_address = "192.0.2.1",
                             .client = "large/1",
                             .sessions = 0})};
}

Result<Filled> fill(StateStore& store, const Size& size, Time now) {
  Filled made;
  for (std::size_t i = 0; i < size.hosts; ++i) {
    made.hosts.push_back({HostId::random(), std::format("host-{:04}", i), NodeRole::kHost, now});
  }
  for (std::size_t i = 0; i < size.pools; ++i) {
    made.pools.push_back(new_pool(size, std::format("pool-{}", i)));
  }
  made.empty_pool = new_pool(size, "pool-empty");
  made.empty_pool.spares = 0;
  for (std::size_t i = 0; i < size.desktops; ++i) {
    made.users.push_back({UserId::random(), std::format("user{:06}", i), Role::kUser, std::string(97, 'h')});
  }
  for (std::size_t i = 0; i < size.desktops; ++i) made.desktops.push_back(new_desktop(made, size, i));
  const auto add_node = [&](Writer& w, std::size_t i) { return w.add_node(made.hosts[i]); };
  const auto add_pool = [&](Writer& w, std::size_t i) { return w.add_pool(made.pools[i]); };
  const auto add_user = [&](Writer& w, std::size_t i) -> Result<void> {
    TOBARI_TRY(w.add_user(made.users[i]));
    return w.add_token({"token-" + made.users[i].name, made.users[i].id, now + std::chrono::hours(12)});
  };
  const auto add_desktop = [&](Writer& w, std::size_t i) { return w.add_desktop(made.desktops[i]); };
  const auto add_sessions = [&](Writer& w, std::size_t i) -> Result<void> {
    const Desktop& desktop = made.desktops[i];
    if (desktop.user.empty()) return {};
    for (std::size_t n = 0; n < size.past_sessions_a_user; ++n) {
      TOBARI_TRY(w.add_session(new_session(desktop, SessionState::kDisconnected, now - std::chrono::hours(n + 1))));
    }
    return w.add_session(new_session(desktop, SessionState::kConnected, now - std::chrono::milliseconds(i)));
  };
  TOBARI_TRY(many(store, size.hosts, "node", add_node));
  TOBARI_TRY(many(store, size.pools, "pool", add_pool));
  TOBARI_TRY(many(store, 1, "pool", [&](Writer& w, std::size_t) { return w.add_pool(made.empty_pool); }));
  TOBARI_TRY(many(store, size.desktops, "user", add_user));
  TOBARI_TRY(many(store, size.desktops, "desktop", add_desktop));
  TOBARI_TRY(many(store, size.desktops, "session", add_sessions));
  return made;
}

}  // namespace tobari::broker
