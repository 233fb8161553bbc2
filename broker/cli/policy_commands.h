// SPDX-License-Identifier: GPL-3.0-or-later
// `tobari policy check FILE` and `tobari policy explain …`: what a policy file says, without a broker.
#pragma once

namespace CLI {
class App;
}

namespace tobari::cli {

// Adds the subcommand `policy`. When parsing `app` runs one of its commands, its exit status is put into `exit_code`:
// 0 good, or allowed; 1 the file is not usable (check), or denied (explain); 2 wrong arguments, or nothing to explain
// because the file is not usable. Both references must outlive the parsing.
void add_policy_commands(CLI::App& app, int& exit_code);

}  // namespace tobari::cli
