// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>

#include "assemble.h"

namespace {

constexpr int kBadConfiguration = 2;

int report(const tobari::Result<void>& result) {
  if (result) return 0;
  std::println(stderr, "tobari-gateway: {}", result.error().message);
  return kBadConfiguration;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("tobari-gateway: routes RDP connections to VM hosts by their routing token");
  app.set_version_flag("--version", "tobari-gateway " TOBARI_VERSION);
  std::filesystem::path file;
  app.add_option("--config", file, "YAML file: listen, broker, identity_dir, log_level, metrics_listen")->required();

  CLI::App* enrol = app.add_subcommand("enrol", "make this gateway known to the broker, once");
  std::string join_token;
  std::string name;
  enrol->add_option("--join-token", join_token, "of the broker, good once; '-' reads it from standard input")
      ->required();
  enrol->add_option("--name", name, "for people, 1-63 of [a-z0-9-]; default: the host name");
  enrol->fallthrough();  // --config may stand behind `enrol` too
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadConfiguration;
  }

  const auto config = tobari::gateway::load_config(file);
  if (!config) return report(std::unexpected(config.error()));
  tobari::log::init("tobari-gateway", config->log_level);
  if (!enrol->parsed()) return report(tobari::gateway::serve(*config));
  if (join_token == "-") std::getline(std::cin, join_token);
  return report(tobari::gateway::enrol(*config, join_token, name));
}
