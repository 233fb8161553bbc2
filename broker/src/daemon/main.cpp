// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <filesystem>
#include <optional>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>

#include "daemon/assemble.h"
#include "daemon/init.h"
#include "store/maintenance.h"

namespace {

constexpr int kBadConfiguration = 2;

template <class T>
int report(const tobari::Result<T>& result) {
  if (!result.has_value()) {
    std::println(stderr, "tobari-broker: {}", result.error().message);
    return kBadConfiguration;
  }
  if constexpr (!std::is_void_v<T>) std::println("{}", *result);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("tobari-broker: signs users in and gives each a desktop");
  app.set_version_flag("--version", "tobari-broker " TOBARI_VERSION);
  std::filesystem::path file;
  app.add_option("--config", file,
                 "YAML file: listen, nodes_listen, gateway_address, public_names, state_dir, database, policy, "
                 "policy_changes, recording_key, log_level, metrics_listen, device_authorities")
      ->required();
  CLI::App* init =
      app.add_subcommand("init",
                         "make certificates, database and the first administrator, once; for a further broker on a "
                         "PostgreSQL that others use already, what is its own");
  std::string admin;
  std::filesystem::path password_file;
  CLI::Option* name = init->add_option("--admin", admin, "name of the administrator; a further broker makes none");
  CLI::Option* secret = init->add_option("--password-file", password_file, "file with the password");
  name->needs(secret);
  secret->needs(name);
  CLI::App* migrate = app.add_subcommand(
      "migrate", "bring the database to this program's schema, or with --to back to an older program's");
  std::optional<int> schema;
  bool list = false;
  migrate->add_option("--to", schema, "number of the schema, forward or back; brokers must be stopped");
  migrate->add_flag("--list", list, "say which schemas there are and which one the database has; change nothing");
  std::filesystem::path archive;
  CLI::App* backup =
      app.add_subcommand("backup", "write the whole database into a file, checked, while brokers serve or not");
  backup->add_option("file", archive, "file to make; one that exists is left alone")->required();
  CLI::App* restore =
      app.add_subcommand("restore", "check a file that 'backup' made, and fill an empty database with it");
  restore->add_option("file", archive, "the backup, of SQLite or of PostgreSQL: it fits both")->required();
  for (CLI::App* command : {init, migrate, backup, restore}) command->fallthrough();  // --config may stand behind them
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadConfiguration;
  }

  const auto config = tobari::broker::load_config(file);
  if (!config.has_value()) return report<void>(std::unexpected(config.error()));
  tobari::log::init("tobari-broker", config->log_level);
  if (migrate->parsed()) {
    return report(list ? tobari::broker::list_schemas(config->database())
                       : tobari::broker::change_schema(config->database(), schema));
  }
  const tobari::SystemClock clock;
  if (backup->parsed()) return report(tobari::broker::back_up_to(config->database(), archive));
  if (restore->parsed()) return report(tobari::broker::restore_from(archive, config->database(), clock));
  if (!init->parsed()) return report(tobari::broker::serve(*config));
  const auto done = tobari::broker::init_state(*config, admin, password_file, clock);
  if (done.has_value() && std::filesystem::exists(config->recording_secret())) {
    std::println("the key that opens recordings is {}: take it away, to whoever may watch them",
                 config->recording_secret().string());
  }
  return report(done);
}
