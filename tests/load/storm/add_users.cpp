// SPDX-License-Identifier: GPL-3.0-or-later
// load_users: many users at once, written by the store's own code before any broker serves, all with one password and
// its one hash, which is as expensive to check as every other. Only for measuring.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <format>
#include <print>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <tobari/base/clock.h>
#include <tobari/base/log.h>
#include <tobari/net/tcp_socket.h>

#include "auth/password.h"
#include "daemon/config.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

constexpr int kUsersAnAct = 500;
constexpr int kMostUsers = 100'000;

// A broker that serves remembers, for example, whom it has looked up in vain.
Result<void> check_nobody_serves(const Config& config) {
  if (!net::connect_tcp(config.listen, std::chrono::seconds(1)).has_value()) return {};
  return fail(Errc::kAlreadyExists, "a broker serves at " + net::to_string(config.listen) + ": stop it first");
}

Result<void> add_users(const Config& config, const std::string& prefix, int count, const std::string& password) {
  TOBARI_TRY(check_nobody_serves(config));
  const SystemClock clock;
  TOBARI_ASSIGN(const std::string hash, hash_password(password));
  TOBARI_ASSIGN(const auto store, SqlStore::open(config.database(), clock));
  for (int first = 0; first < count; first += kUsersAnAct) {
    const int end = std::min(count, first + kUsersAnAct);
    auto done = store->act([&](Writer& writer) -> Result<AuditDraft> {
      for (int i = first; i < end; ++i) {
        TOBARI_TRY(writer.add_user({UserId::random(), std::format("{}{:05}", prefix, i), Role::kUser, hash}));
      }
      return AuditDraft{.actor = "broker",
                        .action = "user.create",
                        .object = prefix,
                        .client_address = "",
                        .outcome = Outcome::kDone,
                        .rule = "",
                        .detail = std::format("{} users for a measurement", end - first)};
    });
    TOBARI_TRY(std::move(done));
  }
  return {};
}

}  // namespace
}  // namespace tobari::broker

int main(int argc, char** argv) {
  std::filesystem::path file;
  std::string prefix = "user";
  std::string password;
  int count = 0;
  CLI::App app("Writes many users into the database of a broker that does not run: PREFIX00000, PREFIX00001, ...");
  app.add_option("--config", file, "the broker's configuration")->required();
  app.add_option("--users", count, "how many")->required()->check(CLI::Range(1, tobari::broker::kMostUsers));
  app.add_option("--prefix", prefix, "of their names");
  app.add_option("--password", password, "of all of them")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  tobari::log::init("load_users", tobari::log::Level::kWarning);
  const auto config = tobari::broker::load_config(file);
  const auto done = config ? tobari::broker::add_users(*config, prefix, count, password)
                           : tobari::Result<void>(std::unexpected(config.error()));
  if (done) return 0;
  std::println(stderr, "load_users: {}", done.error().message);
  return 1;
}
