// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <print>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "policy_commands.h"
#include "watermark_commands.h"

namespace {
constexpr int kRefused = 1;
constexpr int kBadArguments = 2;

int report(const tobari::Result<void>& done) {
  if (done.has_value()) return 0;
  std::println(stderr, "tobari: {}", done.error().message);
  return kRefused;
}
}  // namespace

int main(int argc, char** argv) {
  if (tobari::cli::is_recording_command(argc, argv)) return report(tobari::cli::run_recording_command(argc, argv));
  CLI::App app("tobari: desktops, users, hosts and sessions of a Tobari broker");
  app.set_version_flag("--version", "tobari " TOBARI_VERSION);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "every command with its options");
  app.fallthrough();  // inherited: --broker, --ca and --json may stand behind the command

  tobari::cli::Context context;
  app.add_option("--broker", context.portal.broker, "https://HOST[:PORT]; default: where you signed in last");
  app.add_option("--ca", context.portal.ca_file, "the broker's ca.crt, when no public authority knows it");
  app.add_option("--device-certificate", context.portal.device_certificate,
                 "this device's certificate in PEM, for brokers that ask for one; login remembers where it is");
  app.add_option("--device-key", context.portal.device_key, "its key, in PEM without a passphrase");
  app.add_flag("--json", context.json, "print the answer as JSON");
  int offline_status = 0;  // of the commands that need no broker
  tobari::cli::add_account_commands(app, context);
  tobari::cli::add_desktop_commands(app, context);
  tobari::cli::add_use_commands(app, context);
  tobari::cli::add_wall_command(app, context);
  tobari::cli::add_pool_commands(app, context);
  tobari::cli::add_placement_commands(app, context);
  tobari::cli::add_user_disk_commands(app, context);
  tobari::cli::add_image_commands(app, context);
  tobari::cli::add_user_commands(app, context);
  tobari::cli::add_host_commands(app, context);
  tobari::cli::add_session_commands(app, context);
  tobari::cli::add_audit_commands(app, context);
  tobari::cli::add_top_command(app, context);
  tobari::cli::add_bundle_command(app, context);
  tobari::cli::describe_recording_command(app);
  tobari::cli::add_policy_commands(app, offline_status);
  tobari::cli::add_policy_change_commands(app, context);
  tobari::cli::add_watermark_commands(app, context.json, offline_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadArguments;
  }
  return context.run ? report(context.run()) : offline_status;
}
