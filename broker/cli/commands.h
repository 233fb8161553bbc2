// SPDX-License-Identifier: GPL-3.0-or-later
// The commands of `tobari`, one function a group. Parsing only notes what to run: main() runs it.
#pragma once

#include <functional>
#include <string>

#include "portal.h"

namespace CLI {
class App;
}

namespace tobari::cli {

struct Context {
  Portal::Given portal;
  bool json = false;
  std::function<Result<void>()> run;  // of the command that was given

  [[nodiscard]] Result<Portal> open() const { return Portal::open(portal); }
};

// `context` must outlive the parsing and the run.
void add_account_commands(CLI::App& app, Context& context);
void add_desktop_commands(CLI::App& app, Context& context);
void add_connect_command(CLI::App& group, Context& context);
void add_end_commands(CLI::App& group, Context& context);
void add_user_disk_commands(CLI::App& app, Context& context);
void add_wall_command(CLI::App& app, Context& context);
void add_use_commands(CLI::App& app, Context& context);
void add_pool_commands(CLI::App& app, Context& context);
void add_placement_commands(CLI::App& app, Context& context);
void add_image_commands(CLI::App& app, Context& context);
void add_user_commands(CLI::App& app, Context& context);
void add_host_commands(CLI::App& app, Context& context);
void add_session_commands(CLI::App& app, Context& context);
void add_audit_commands(CLI::App& app, Context& context);
void add_top_command(CLI::App& app, Context& context);
void add_bundle_command(CLI::App& app, Context& context);
void add_policy_change_commands(CLI::App& app, Context& context);  // after add_policy_commands()

// Its arguments are another program's, so they are not parsed here. The last one returns only when that cannot be
// started.
void describe_recording_command(CLI::App& app);
[[nodiscard]] bool is_recording_command(int argc, char** argv);
[[nodiscard]] Result<void> run_recording_command(int argc, char** argv);

}  // namespace tobari::cli
