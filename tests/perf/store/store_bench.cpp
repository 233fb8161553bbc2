// SPDX-License-Identifier: GPL-3.0-or-later
// How long a broker's reads and acts take in a store of 100,000 desktops on 1,000 hosts.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <print>
#include <thread>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>

#include "decisions.h"
#include "filled_store.h"
#include "measure.h"
#include "postgres/postgres_server.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

// What POST /desktops/{id}/connect reads before it writes.
Result<void> reads_of_connect(Bench& bench) {
  const Desktop& desktop = bench.any_assigned();
  TOBARI_TRY(ask(bench, [&](const Reader& r) -> Result<User> {
    TOBARI_ASSIGN(const Token token, r.token("token-" + desktop.user_name));
    return r.user(token.user);
  }));
  TOBARI_TRY(ask(bench, [&](const Reader& r) { return r.desktop(desktop.id); }));
  return ask(bench, [&](const Reader& r) { return r.live_sessions_of_user(desktop.user); });
}

Result<void> act_of_connect(Bench& bench) {
  const Desktop& desktop = bench.any_assigned();
  return open_session(bench, desktop, desktop.user_name);
}

Result<void> an_assignment(Bench& bench) {
  const Pool& pool = bench.any(bench.filled.pools);
  return bench.store.act([&](Writer& w) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const auto spares, w.spares(pool.id, 16));
    TOBARI_TRY(w.hosts());
    if (spares.empty()) return fail(Errc::kExhausted, "no spare is left");
    const User& user = bench.any(bench.filled.users);
    TOBARI_TRY(w.set_power(spares.front().id, Power::kOn));
    return AuditDraft{.actor = user.name,
                      .action = "desktop.assign",
                      .object = spares.front().id.str(),
                      .client_address = "",
                      .outcome = Outcome::kDone,
                      .rule = "",
                      .detail = ""};
  });
}

void reads(Bench& bench) {
  measure(bench, "list: a page of 1,000 desktops", [](Bench& b) {
    const std::string& after = b.any(b.filled.desktops).name;
    return ask(b, [&](const Reader& r) { return r.desktops_after(after, kMaxDesktopList); });
  });
  measure(bench, "list: a user's own desktops",
          [](Bench& b) { return ask(b, [&](const Reader& r) { return r.desktops_of_user(b.any_assigned().user); }); });
  measure(bench, "list: the newest 1,000 sessions",
          [](Bench& b) { return ask(b, [](const Reader& r) { return r.sessions(kMaxSessionList); }); });
  measure(bench, "placement: 1,000 hosts and what they promised",
          [](Bench& b) { return ask(b, [](const Reader& r) { return r.hosts(); }); });
  measure(bench, "placement: 16 spares of a pool",
          [](Bench& b) { return ask(b, [&](const Reader& r) { return r.spares(b.any(b.filled.pools).id, 16); }); });
  measure(bench, "placement: how full a pool of 10,000 is",
          [](Bench& b) { return ask(b, [&](const Reader& r) { return r.pool_fill(b.any(b.filled.pools).id); }); });
  measure(bench, "a host's 100 desktops", [](Bench& b) {
    return ask(b, [&](const Reader& r) { return r.desktops_on_host(b.any(b.filled.hosts).id); });
  });
  measure(bench, "connect: its reads", reads_of_connect);
}

// Acts a second of so many brokers with so many threads each.
void throughput(const Database& database, const Filled& filled, const Clock& clock, int brokers) {
  constexpr int kThreads = 4;
  constexpr auto kTime = std::chrono::seconds(5);
  std::vector<std::unique_ptr<SqlStore>> stores;
  for (int i = 0; i < brokers; ++i) stores.push_back(SqlStore::open(database, clock).value());
  std::atomic<int> acts = 0;
  const auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < brokers * kThreads; ++i) {
      threads.emplace_back([&, i] {
        Bench bench{*stores[static_cast<std::size_t>(i % brokers)], filled, clock, 0};
        while (std::chrono::steady_clock::now() - began < kTime) {
          if (fits(act_of_connect(bench))) ++acts;
        }
      });
    }
  }
  std::println("  {} broker{} with {} threads each: {:.0f} acts a second", brokers, brokers == 1 ? "" : "s", kThreads,
               acts * 1000.0 / milliseconds(std::chrono::steady_clock::now() - began));
}

Result<void> run(const char* name, const Database& database, const Size& size, std::size_t runs, bool shared) {
  const SystemClock clock;
  TOBARI_ASSIGN(const auto store, SqlStore::open(database, clock));
  const auto began = std::chrono::steady_clock::now();
  TOBARI_ASSIGN(const Filled filled, fill(*store, size, clock.wall()));
  std::println("{}: {} desktops, {} hosts, {} users (filled in {:.0f} s)", name, size.desktops, size.hosts,
               filled.users.size(), milliseconds(std::chrono::steady_clock::now() - began) / 1000);
  Bench bench{*store, filled, clock, runs};
  reads(bench);
  measure(bench, "connect: its act, durable", act_of_connect);
  measure(bench, "an assignment's act, durable", an_assignment);
  measure_decisions(bench);
  throughput(database, filled, clock, 1);
  if (shared) throughput(database, filled, clock, 2);
  return {};
}

}  // namespace
}  // namespace tobari::broker

int main(int argc, char** argv) {
  using namespace tobari::broker;
  CLI::App app("store_bench: a large store on SQLite and on PostgreSQL");
  Size size;
  std::size_t runs = 500;
  std::filesystem::path folder = std::filesystem::temp_directory_path();
  app.add_option("--desktops", size.desktops, "and as many users");
  app.add_option("--hosts", size.hosts, "");
  app.add_option("--runs", runs, "of each measurement");
  app.add_option("--folder", folder, "where SQLite's file is made: not in memory, or nothing is durable");
  CLI11_PARSE(app, argc, argv);
  tobari::log::init("store_bench", tobari::log::Level::kError);
  const auto file = folder / "store_bench.db";
  if (!fits(run("SQLite", Database::sqlite(file), size, runs, false))) return 1;
  for (const char* each : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + each);
  ::setenv("TMPDIR", folder.c_str(), 1);
  auto server = tobari::test::PostgresServer::start();
  if (!server.has_value()) return fits(std::unexpected(server.error())) ? 0 : 1;
  const auto url = (*server)->new_database();
  return fits(run("PostgreSQL", Database::postgres(*url).value(), size, runs, true)) ? 0 : 1;
}
