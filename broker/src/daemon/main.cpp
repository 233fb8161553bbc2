// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <filesystem>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>

#include "daemon/assemble.h"
#include "daemon/init.h"

namespace {

constexpr int kBadConfiguration = 2;

int report(const tobari::Result<void>& result) {
  if (result.has_value()) return 0;
  std::println(stderr, "tobari-broker: {}", result.error().message);
  return kBadConfiguration;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("tobari-broker: signs users in and gives each a desktop");
  app.set_version_flag("--version", "tobari-broker " TOBARI_VERSION);
  std::filesystem::path file;
  app.add_option("--config", file,
                 "YAML file: listen, nodes_listen, gateway_address, public_names, state_dir, policy, policy_changes, "
                 "recording_key, log_level")
      ->required();
  CLI::App* init = app.add_subcommand("init", "make certificates, database and the first administrator, once");
  std::string admin;
  std::filesystem::path password_file;
  init->add_option("--admin", admin, "name of the administrator")->required();
  init->add_option("--password-file", password_file, "file with the password")->required();
  init->fallthrough();  // --config may stand behind "init"
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadConfiguration;
  }

  const auto config = tobari::broker::load_config(file);
  if (!config.has_value()) return report(std::unexpected(config.error()));
  tobari::log::init("tobari-broker", config->log_level);
  if (!init->parsed()) return report(tobari::broker::serve(*config));
  const auto done = tobari::broker::init_state(*config, admin, password_file, tobari::SystemClock());
  if (done.has_value() && std::filesystem::exists(config->recording_secret())) {
    std::println("the key that opens recordings is {}: take it away, to whoever may watch them",
                 config->recording_secret().string());
  }
  return report(done);
}
