// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a deployment of hundreds of companies into the database of a broker that does not run, for tests/perf/large.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <print>

#include <CLI/CLI.hpp>

#include <tobari/base/clock.h>
#include <tobari/base/log.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/config.h"
#include "filled_store.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

Result<void> fill_database(const std::filesystem::path& file, const Size& size) {
  TOBARI_ASSIGN(const Config config, load_config(file));
  if (net::connect_tcp(config.listen, std::chrono::seconds(1)).has_value()) {
    return fail(Errc::kAlreadyExists, "a broker serves at " + net::to_string(config.listen) + ": stop it first");
  }
  const SystemClock clock;
  TOBARI_ASSIGN(const auto store, SqlStore::open(config.database(), clock));
  TOBARI_TRY(fill(*store, size, clock.wall()));
  return {};
}

}  // namespace
}  // namespace tobari::broker

int main(int argc, char** argv) {
  std::filesystem::path file;
  // Kept for their users, so that nothing happens to them while their hosts are away.
  tobari::broker::Size size{.spares_a_pool = 0, .kind = tobari::broker::PoolKind::kDedicated};
  CLI::App app("Fills a broker's database: desktops of as many users, in pools, spread over hosts that never come");
  app.add_option("--config", file, "the broker's configuration")->required();
  app.add_option("--desktops", size.desktops, "and as many users");
  app.add_option("--hosts", size.hosts, "");
  app.add_option("--pools", size.pools, "");
  CLI11_PARSE(app, argc, argv);
  tobari::log::init("store_fill", tobari::log::Level::kWarning);
  const auto done = tobari::broker::fill_database(file, size);
  if (done.has_value()) return 0;
  std::println(stderr, "store_fill: {}", describe(done.error()));
  return 1;
}
