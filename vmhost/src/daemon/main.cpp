// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>
#include <cstdio>
#include <print>
#include <string>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>
#include <tobari/net/node_link.h>

#include "daemon/assemble.h"
#include "daemon/config.h"
#include "host/descriptor_limit.h"

namespace {

constexpr int kBadConfiguration = 2;

int complain(const tobari::Error& error) {
  std::println(stderr, "tobari-vmhost: {}", error.message);
  return kBadConfiguration;
}

void block_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  std::string file;
  std::string token;
  tobari::vmhost::RunOptions options;
  CLI::App app("Tobari's agent on a VM host: keeps the desktops that the broker wants, and their display processes.");
  app.set_version_flag("--version", "tobari-vmhost " TOBARI_VERSION);
  app.add_option("--config", file, "configuration file (YAML)")->required();
  app.add_flag("--stop-desktops-on-exit", options.stop_desktops_on_exit, "do not leave VMs running");
  CLI::App* enrol = app.add_subcommand("enrol", "make this host known to the broker, once")->fallthrough();
  enrol->add_option("--join-token", token, "printed by: tobari hosts join-token NAME")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadConfiguration;
  }

  const auto config = tobari::vmhost::load_config(file);
  if (!config) return complain(config.error());
  tobari::log::init("tobari-vmhost", config->log_level);
  if (enrol->parsed()) {
    const auto id = tobari::node::enrol(token, tobari::node::Role::kHost, config->name, config->identity_dir);
    if (!id) return complain(id.error());
    std::println("enrolled as host {}", *id);
    return 0;
  }
  block_signals();
  tobari::vmhost::raise_descriptor_limit();
  const auto done = tobari::vmhost::run_host(*config, options);
  return done ? 0 : complain(done.error());
}
